# An empty file.
# malformed: empty
# %% make
path.write_bytes(b"")
