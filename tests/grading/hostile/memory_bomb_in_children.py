# Many processes that each take a little less than the limit.
# marks: t3=0
# flag: of memory
# %% t3
import os, time
def energy(x):
    for _ in range(4):
        if os.fork() == 0:
            kept = bytearray(os.urandom(2**20)) * 300
            time.sleep(60)
            os._exit(0)
    time.sleep(60)
