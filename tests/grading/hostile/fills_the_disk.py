# Writes files until the disk is full: large ones, and many.
# %% after t1
import os
written = 0
for folder in ("/tmp", os.path.expanduser("~"), "/dev/shm", "/grading/out"):
    try:
        for i in range(60):
            with open(f"{folder}/filler{i}", "wb") as file:
                file.write(bytes(2**22))
                written += 2**22
    except OSError:
        pass
if written > 600 * 2**20:
    print("LOOT: wrote", written)
