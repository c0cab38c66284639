# New check cells of its own, worth a hundred points each.
# marks: t1=0
# %% t1
pass
# %% make
for number in range(3):
    nb["cells"].append({"cell_type": "code", "source": "100", "id": f"x{number}", "outputs": [], "execution_count": None,
                        "metadata": {"nbgrader": {"grade": True, "grade_id": f"bonus{number}", "points": 100,
                                                  "solution": False, "locked": False, "schema_version": 3,
                                                  "task": False}}})
