# No check cell at all.
# marks: t1=0
# flag: check cell t1-check is missing
# %% t1
pass
# %% make
nb["cells"] = [c for c in nb["cells"] if not c["metadata"].get("nbgrader", {}).get("grade")]
