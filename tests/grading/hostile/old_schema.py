# nbgrader's metadata in its first form: the answers are right and count.
# %% make
for one in nb["cells"]:
    own = one["metadata"].get("nbgrader")
    if own:
        one["metadata"]["nbgrader"] = {"grade_id": own["grade_id"], "solution": own["solution"], "schema_version": 0}
