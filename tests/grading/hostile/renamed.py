# The notebook under another name: it counts, and the name is flagged.
# flag: renamed
# %% make
(path.parent / "Final Version (3).ipynb").write_text(json.dumps(nb))
