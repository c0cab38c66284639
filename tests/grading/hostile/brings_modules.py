# Files beside the notebook that shadow libraries, for whoever runs something in that folder.
# %% after t1
import numpy
if "submissions" in numpy.__file__:
    print("LOOT: numpy")
# %% make
path.write_text(json.dumps(nb))
for name in ("numpy", "sitecustomize", "coursekit", "selectors"):
    (path.parent / f"{name}.py").write_text("print('LOOT')\nopen('@CANARY@', 'w').write('x')\n")
