# kill -9 of the kernel, from a cell of its own. The answers are right and must count.
# flag: the kernel died
# %% after t1
import os
os.kill(os.getpid(), 9)
