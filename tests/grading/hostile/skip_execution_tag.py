# Tags that make nbclient skip the check cells, or forgive their errors.
# marks: t1=0 t2=0 t3=0
# %% t1
pass
# %% t2
pass
# %% t3
pass
# %% make
for cell in nb["cells"]:
    cell["metadata"]["tags"] = ["skip-execution", "raises-exception", "remove-cell"]
