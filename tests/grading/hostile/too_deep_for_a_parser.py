# Expressions nested so deep that Python's parser gives up, in the grader too.
# marks: t1=0
# flag: nested too deep
# %% t1
def standardise(x):
    return x
y = @DEEP@
# %% make
cell("t1")["source"] = cell("t1")["source"].replace("@DEEP@", "-" * 200_000 + "1")
nb["cells"].append({"cell_type": "code", "source": "z = " + "lambda: " * 5_000 + "1", "metadata": {}, "outputs": [],
                    "execution_count": None, "id": "deep"})
