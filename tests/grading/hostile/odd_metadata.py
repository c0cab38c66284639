# Metadata of other types than anybody expects.
# %% make
nb["metadata"] = {"kernelspec": {"name": "../../evil", "display_name": 3}, "language_info": [], "celltoolbar": {}}
nb["cells"].append({"cell_type": "code", "source": ["1"], "metadata": {"nbgrader": {"grade_id": {"a": 1}}}})
nb["cells"].append({"cell_type": "markdown", "source": "x", "metadata": [1], "attachments": {"a": 3}})
