# An array whose header promises a terabyte, and an archive that lies about its sizes.
# marks: t3=0
# flag: not what its check writes
# %% t3
def energy(x):
    raise KeyboardInterrupt
# %% end
import io, zipfile, numpy as np
header = io.BytesIO()
np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
with zipfile.ZipFile("/grading/out/t3.npz", "w") as archive:
    archive.writestr("0/result.npy", header.getvalue() + bytes(64))
