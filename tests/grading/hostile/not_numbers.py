# NaN, infinities, and arrays of text.
# marks: t1=0 t2=0 t3=0
# %% t1
def standardise(x):
    return x * float("nan")
# %% t2
def log_normal(x, mu, log_var):
    return float("inf")
# %% t3
def energy(x):
    return ["a"] * len(x)
