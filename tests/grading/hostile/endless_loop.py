# A function that never ends.
# marks: t1=0
# flag: ran longer than
# %% t1
def standardise(x):
    while True:
        pass
