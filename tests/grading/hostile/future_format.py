# A notebook of a format that does not exist yet.
# %% make
nb["nbformat"], nb["nbformat_minor"] = 99, "x"
