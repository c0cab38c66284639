# A pipe: whoever opens it waits for ever.
# malformed: a pipe
# %% make
os.mkfifo(path)
