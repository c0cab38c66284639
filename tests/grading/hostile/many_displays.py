# Many outputs, each of a size that is let through.
# %% after t1
from IPython.display import display
for i in range(200):
    display({"text/plain": f"{i} " + "x" * 15_000}, raw=True)
