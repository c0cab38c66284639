# Check cells that are handed in with the output of a full mark.
# marks: t1=0 t2=0 t3=0
# %% t1
pass
# %% t2
pass
# %% t3
pass
# %% make
for cell in nb["cells"]:
    if cell["cell_type"] == "code":
        cell["execution_count"] = 1
        cell["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "3.0"}, "metadata": {},
                            "execution_count": 1}]
