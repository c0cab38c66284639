"""The archive that students get: lectures, exercises, library, environment; no solutions and no hidden cases."""
from __future__ import annotations

import zipfile
from pathlib import Path

from coursekit.authoring.release import ALLOWED, leaks
from coursekit.authoring.text import AuthoringError
from coursekit.course import assignments, released

FILES = ("README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "pyproject.toml", "requirements.lock",
         "environment.yml", "Makefile", "make.py")
PATTERNS = ("lectures/[0-9][0-9]-*.ipynb", "experiments/*.json", "experiments/rows.toml", "coursekit/**/*.py",
            "coursekit/py.typed", "coursekit/widgets/static/*", "coursekit/**/*.safetensors",
            "coursekit/evaluation/judges/*.json", "docs/*.png")
"""What the bundle takes, and nothing else. Problem sets come file by file from the release's allow-list."""


def student_files(course: Path) -> list[Path]:
    """All files of the student bundle, relative to the course, sorted.

    Raises:
        AuthoringError: a release is missing, or holds something that students must not have.
    """
    missing = sorted(set(assignments(course)) - set(released(course)))
    if missing:
        raise AuthoringError(f"Not released yet: {', '.join(missing)}. Run 'coursekit release' first.")
    found = [problem for name in released(course) for problem in leaks(course, name)]
    if found:
        raise AuthoringError("The bundle was not made:\n  " + "\n  ".join(found))
    files = {Path(f) for f in FILES if (course / f).is_file()}
    for pattern in PATTERNS:
        files |= {p.relative_to(course) for p in course.glob(pattern) if p.is_file()}
    for name in released(course):
        files |= {Path("exercises", name, pattern.format(name=name)) for pattern in ALLOWED}
    return sorted(files)


def bundle_student(course: Path, out: Path | None = None) -> Path:
    """Write the student archive (zip). Two runs give the same bytes."""
    files = student_files(course)
    out = out or course / "dist" / "course-student.zip"
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            entry = zipfile.ZipInfo(f"course/{path.as_posix()}", date_time=(2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, (course / path).read_bytes())
    return out
