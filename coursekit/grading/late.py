"""The late policy: a share of the points lost for each day begun, through nbgrader's own late penalties.

``coursekit grade ps02 … --due 2026-11-30T23:59+01:00 --late 0.1`` takes a tenth of what was earned for each day begun
after the due time; without ``--late`` nothing is taken and lateness is only flagged. When a student handed in comes
from nbgrader's ``timestamp.txt`` beside the notebook; without one nothing is taken. The archives of Moodle and Canvas
have none and know no times (see `lms`); what Canvas calls late is flagged.
"""
from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.plugins import LateSubmissionPlugin

from coursekit.grading.preprocessors import settings_of

DAY = 24 * 60 * 60.0


class ShareForEachDay(LateSubmissionPlugin):
    """nbgrader's plugin. The share stands in the grading folder's settings, so that formgrader's buttons know it."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        step = self.parent  # nbgrader's AssignLatePenalties, inside of an exporter, inside of a converter
        settings = settings_of(Path(step.parent.parent.coursedir.root), step.assignment_id)
        return penalty(score, total_seconds_late, float(settings.get("late") or 0.0))


def penalty(score: float, seconds_late: float, share: float) -> float:
    """Points to take off: `share` of the score for each day begun, never more than the score.

    >>> penalty(10.0, 1.0, 0.1), penalty(10.0, 86_401.0, 0.1), penalty(10.0, 0.0, 0.1), penalty(10.0, 1e9, 0.1)
    (1.0, 2.0, 0.0, 10.0)
    """
    days = math.ceil(max(seconds_late, 0.0) / DAY)
    return min(score, score * share * days)


def due_time(text: str) -> datetime:
    """A due time in UTC, from ISO text with its offset: ``2026-11-30T23:59+01:00``.

    Raises:
        ValueError: it is no time, or has no offset, so that it would mean another time on another machine.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ValueError(f"The due time is {text!r}; expected date, time and offset from UTC, such as "
                         "2026-11-30T23:59+01:00 (or …Z for UTC).") from None
    return time.astimezone(UTC)
