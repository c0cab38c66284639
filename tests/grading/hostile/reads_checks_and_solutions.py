# Opens the solutions, the checks and the secret where they lie.
# %% after t1
import os
for place in ("@COURSE@/solutions", "@COURSE@/exercises", "@COURSE@"):
    try:
        print("LOOT:", os.listdir(place))
    except OSError:
        pass
for file in ("@COURSE@/solutions/ps90_checks.py", "@COURSE@/solutions/ps90.py", "@COURSE@/solutions/.secret"):
    try:
        print("LOOT:", open(file).read())
    except OSError:
        pass
