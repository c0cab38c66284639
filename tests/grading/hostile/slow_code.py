# Text of Python that keeps those who colour it busy for minutes: names that never end, and white space.
# %% make
for source in ('x = """ ' + "\\N{" * 60_000 + ' """', "\n \n" * 8_000, "if 0:\n    x" + "." * 30_000):
    nb["cells"].append({"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None,
                        "id": f"c{len(nb['cells'])}"})
