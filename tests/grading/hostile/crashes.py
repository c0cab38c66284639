# Reads from address 0: the interpreter crashes.
# marks: t2=0
# flag: the kernel died
# %% t2
import ctypes
def log_normal(x, mu, log_var):
    ctypes.string_at(0)
