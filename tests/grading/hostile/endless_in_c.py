# A regular expression that backtracks for ages: one call into C, which holds the interpreter and takes no interrupt.
# marks: t1=0
# flag: ran longer than
# %% t1
import re
def standardise(x):
    return re.match(r"(a+)+$", "a" * 60 + "b")
