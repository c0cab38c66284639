# A folder that is named like the notebook.
# malformed: is empty
# %% make
path.mkdir()
