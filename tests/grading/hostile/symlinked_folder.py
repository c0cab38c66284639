# The folder of support files is a link to the solutions.
# %% make
(path.parent / "data").symlink_to(course / "solutions")
