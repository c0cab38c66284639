# A million empty files: they have no size, but each takes a kilobyte of the operating system's memory.
# %% after t1
import os
for place in ("/tmp", "/dev/shm", os.path.expanduser("~")):
    try:
        for i in range(50_000):
            os.close(os.open(f"{place}/f{i}", os.O_CREAT))
        print("LOOT: no limit on files in", place)
    except OSError as error:
        print("stopped:", error.strerror)
