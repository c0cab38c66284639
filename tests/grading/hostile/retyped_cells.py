# Check cells as raw text, an answer cell as Markdown: a right answer stays one.
# flag: another kind of cell
# %% make
cell("t1-check")["cell_type"] = "raw"
cell("t2")["cell_type"] = "markdown"
