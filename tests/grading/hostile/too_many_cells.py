# A hundred thousand cells.
# malformed: cells
# %% make
nb["cells"] += [{"cell_type": "raw", "source": "", "metadata": {}}] * 100_000
