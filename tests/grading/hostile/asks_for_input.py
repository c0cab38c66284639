# Waits for somebody to type.
# %% after t1
answer = input("full marks? ")
