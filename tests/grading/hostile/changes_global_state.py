# Leaves torch, numpy and Python in a state that later tasks trip over: its own, and nobody else's.
# marks: t3=0
# %% after t2-check
torch.logsumexp = torch.log = torch.exp = lambda *a, **k: None
torch.set_default_dtype(torch.float16)
