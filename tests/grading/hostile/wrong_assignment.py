# Another problem set's notebook under this one's name.
# malformed: belongs to ps91
# %% make
path.write_text(json.dumps(nb).replace("ps90", "ps91"))
