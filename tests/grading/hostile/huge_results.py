# Returns arrays that are far too large, without taking memory for them.
# marks: t1=0 t2=0
# %% t1
def standardise(x):
    return torch.zeros(1).expand(10**11)
# %% t2
import numpy as np
def log_normal(x, mu, log_var):
    return np.broadcast_to(np.zeros(1), (10**5, 10**5))
