# A link to the solution.
# malformed: a symbolic link
# %% make
path.unlink(missing_ok=True)
path.symlink_to(course / "solutions" / "ps90" / "ps90.ipynb")
