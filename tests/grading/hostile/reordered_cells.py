# All cells in reverse: the answers are right, and are run in the course's order.
# %% make
nb["cells"].reverse()
