# Some other notebook, with none of the course's cells.
# malformed: None of its cells is an answer cell
# %% make
nb["cells"] = [{"cell_type": "code", "source": "1", "metadata": {}, "outputs": [], "execution_count": None, "id": "a"}]
