# Thousands of nested folders, locked, that whoever tidies up trips over.
# %% end
import os
os.chdir("/grading/out")
for i in range(400):
    os.mkdir("d" * 8)
    os.chdir("d" * 8)
os.chdir("/grading/out")
os.mkdir("locked")
open("locked/file", "w").write("x")
os.chmod("locked", 0)
