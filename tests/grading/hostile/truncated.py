# Broken off in the middle.
# malformed: not valid JSON
# %% make
path.write_text(json.dumps(nb)[:1500])
