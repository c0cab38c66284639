# Check cells that say what they like.
# marks: t1=0
# flag: check cell t1-check was edited
# %% t1
pass
# %% make
cell("t1-check")["source"] = "2.0"
