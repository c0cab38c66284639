# More bytes than any notebook has (a sparse file).
# malformed: MB
# %% make
path.write_bytes(b"")
os.truncate(path, 2**32)
