"""What became of the sprints of a chain between two of its courses, as notices."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from courier.planning.observed.course import Course
from courier.resources.notification import Event
from courier.runs.notices.notice import Notice, SprintTold

_ENDS: Final[dict[str, Event]] = {"completed": "sprintCompleted", "failed": "sprintFailed"}


def sprints_ended(before: Course | None, after: Course, *, now: datetime) -> Iterator[Notice]:
    """Yield the sprints that have ended since; each try of one ends once."""
    was = {(one.name, one.tries): one.phase for one in before.parts} if before else {}
    for part in after.parts:
        if part.phase not in _ENDS or was.get((part.name, part.tries)) == part.phase:
            continue
        yield Notice(
            event=_ENDS[part.phase],
            # As the end of its run tells it, so that both are told once.
            key=f"sprint/run/{part.run}/{part.phase}"
            if part.run
            else f"sprint/{after.name}/{part.name}/{part.tries}/{part.phase}",
            at=now,
            project=after.project,
            subject=f"Sprint {part.name} of {after.name}",
            message=part.reason if part.phase == "failed" else "",
            sprint=SprintTold(chain=after.name, sprint=part.name, run=part.run or ""),
        )
