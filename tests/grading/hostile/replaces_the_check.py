# A check of its own.
# marks: t1=0 t2=0 t3=0
# flag: ran and left no result
# %% t1
check = lambda task, answer: 2.0
