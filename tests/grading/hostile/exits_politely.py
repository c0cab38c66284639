# Raises SystemExit inside of the tested function.
# marks: t1=0
# %% t1
import sys
def standardise(x):
    sys.exit(0)
