# Formulas that begin and never end: for each, a parser of Markdown looks through all that follows.
# %% make
for source in ("\\begin{a}" * 12_000, "\\\\(" * 30_000, "\\\\[" * 30_000):
    nb["cells"].append({"cell_type": "markdown", "source": source, "metadata": {}, "id": f"m{len(nb['cells'])}"})
