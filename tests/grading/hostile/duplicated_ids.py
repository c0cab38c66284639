# Answer cells twice, check cells twice, and all cells with one id.
# flag: is there 2 times
# %% make
import copy
nb["cells"] += [copy.deepcopy(cell("t1-check")), copy.deepcopy(cell("t2"))]
for one in nb["cells"]:
    one["id"] = "same"
