# An endless loop that catches KeyboardInterrupt and everything else.
# marks: t2=0
# flag: ran longer than
# %% t2
def log_normal(x, mu, log_var):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
