# Prints the points that nbgrader would take for the mark.
# marks: t1=0
# %% t1
import sys
def standardise(x):
    sys.displayhook(2.0)
    return 0 * x
