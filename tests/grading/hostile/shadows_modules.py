# Writes modules that shadow others, then ends the kernel, so that the next one might import them.
# flag: the kernel died
# %% before t1
import os
for folder in (os.getcwd(), os.path.expanduser("~"), "/tmp", "/grading/out"):
    for name in ("numpy", "torch", "ipykernel_launcher", "ipykernel", "sitecustomize", "usercustomize", "coursekit"):
        open(f"{folder}/{name}.py", "w").write(f"print('LOOT: imported a shadow of {name}')")
os.kill(os.getpid(), 9)
# %% after t1
import numpy, sys
print("numpy is", numpy.__file__)
if not numpy.__file__.endswith("site-packages/numpy/__init__.py"):
    print("LOOT: numpy")
