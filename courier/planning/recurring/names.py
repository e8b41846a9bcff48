"""The names of runs that come of recurring tasks: the same cause always has the same name."""

import re
from datetime import datetime
from hashlib import sha256
from typing import Final

from courier.planning.documents.references import Ref
from courier.planning.made.names import made_run
from courier.planning.observed.diary import TASK

_LONGEST: Final = 46
"""So long may the part before the time be, for the whole to be a name of 63 characters."""
_DIGEST: Final = 8
_TIMED: Final = re.compile(r"(.+)-[0-9]{8}t[0-9]{4}(?:[0-9]{2})?z")


def stem(task: str) -> str:
    """Return what the names of a task's runs begin with: its name, or enough of it and a digest."""
    if len(task) <= _LONGEST:
        return task
    digest = sha256(task.encode()).hexdigest()[:_DIGEST]
    return f"{task[: _LONGEST - _DIGEST - 1].rstrip('-')}-{digest}"


def due_run(task: str, at: datetime) -> str:
    """Return the name of the run of an occurrence, e.g. ``nightly-20261121t0200z``.

    Args:
        task: The task's name.
        at: The occurrence, in UTC, before any jitter.
    """
    return f"{stem(task)}-{at:%Y%m%dt%H%M}z"


def asked_run(task: str, at: datetime) -> str:
    """Return the name of a run somebody asked for, e.g. ``nightly-20261121t091502z``."""
    return f"{stem(task)}-{at:%Y%m%dt%H%M%S}z"


def due_of(task: Ref, at: datetime) -> str:
    """Return the name of the run of an occurrence of whatever recurs."""
    if task.kind == TASK:
        return due_run(task.name, at)
    return made_run(task, part=f"{at:%Y%m%dt%H%M}z")


def asked_of(task: Ref, at: datetime) -> str:
    """Return the name of a run somebody asked for of whatever recurs."""
    if task.kind == TASK:
        return asked_run(task.name, at)
    return made_run(task, part=f"{at:%Y%m%dt%H%M%S}z")


def stem_of(run: str) -> str | None:
    """Return what the name of a task's run begins with; None for a name of another form."""
    found = _TIMED.fullmatch(run)
    return found[1] if found else None
