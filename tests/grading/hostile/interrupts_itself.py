# Raises KeyboardInterrupt, which is no Exception, inside of the tested function.
# marks: t1=0
# %% t1
def standardise(x):
    raise KeyboardInterrupt
