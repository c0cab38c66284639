# 30 MB on one line.
# %% after t1
print("x" * (30 * 2**20))
