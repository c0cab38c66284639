# Looks for notebooks, gradebooks and arrays of others in all files that it can reach.
# %% after t1
import os
for root in ("@SUBMISSIONS@", "@OUT@", "/tmp", "/home", "/root", "/var", "/mnt", "/srv", "/dev/shm", "/run", "/etc"):
    for here, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in ("site-packages", "test")]
        for name in files:
            if name.endswith((".ipynb", ".db", ".secret", ".npz", "passwd", "shadow")):
                print("LOOT:", os.path.join(here, name))
