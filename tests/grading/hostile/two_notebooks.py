# Two notebooks under other names: which one counts?
# malformed: 2 notebooks
# %% make
for name in ("first.ipynb", "second.ipynb"):
    (path.parent / name).write_text(json.dumps(nb))
