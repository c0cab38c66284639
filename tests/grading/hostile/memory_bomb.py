# Takes memory until there is none.
# marks: t1=0
# %% t1
def standardise(x):
    kept = []
    while True:
        kept.append(bytearray(50 * 2**20))
