# 200,000 prints.
# %% after t1
for i in range(200_000):
    print("line", i)
