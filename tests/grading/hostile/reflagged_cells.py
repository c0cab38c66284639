# Check cells that are answers and answer cells that are checks, worth a hundred points, unlocked.
# marks: t1=0
# %% t1
pass
# %% make
cell("t1-check")["metadata"]["nbgrader"].update(grade=False, solution=True, locked=False, points=100, task=True)
cell("t1")["metadata"]["nbgrader"].update(grade=True, points=100, cell_type="code", schema_version=1)
