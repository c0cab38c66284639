# A notebook of another language.
# malformed: kernel is 'R'
# %% make
nb["metadata"]["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
