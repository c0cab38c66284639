"""nbgrader's view of the course, for those who call nbgrader themselves; the course's own commands need none of it."""
c = get_config()  # Jupyter puts it there

c.CourseDirectory.course_id = "generative-models"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".secret", "*_checks.py", "*_bank.py"]

# Students' code runs in the sandbox of 'coursekit grade' or not at all: outside of its grading folders these refuse.
c.Autograde.sanitize_preprocessors = ["coursekit.grading.preprocessors.Graft"]
c.Autograde.autograde_preprocessors = [
    "coursekit.grading.preprocessors.Judged",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
