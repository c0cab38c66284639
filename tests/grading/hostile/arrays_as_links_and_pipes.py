# A link and a pipe in place of files of arrays: whoever opens them reads elsewhere, or waits for ever.
# marks: t1=0 t3=0
# flag: not what its check writes
# %% end
import os
os.remove("/grading/out/t1.npz")
os.mkfifo("/grading/out/t1.npz")
os.remove("/grading/out/t3.npz")
os.symlink("@COURSE@/exercises/ps90/checks/cases.npz", "/grading/out/t3.npz")
