"""What recurs, as its document says it, with everything about its time worked out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import spec_digest
from courier.planning.observed.diary import key_of
from courier.planning.recurring.names import asked_of, due_of
from courier.planning.schedules.schedule import Timetable, timetable
from courier.resources.durations import to_seconds

_PASSED_ON: Final = ("workflow", "prompt", "base")


@dataclass(frozen=True, slots=True)
class Task:
    """A recurring task, or a scan with a schedule.

    Attributes:
        document: Its document.
        project: The Project it belongs to; empty where there is none.
        timetable: When it is due, jitter apart.
        jitter: How much later than that its runs start.
        spec_digest: Digest of its spec.
        schedule_digest: Digest of its schedule alone.
    """

    document: Document
    project: str
    timetable: Timetable
    jitter: timedelta
    spec_digest: str
    schedule_digest: str

    @property
    def name(self) -> str:
        """Return its name."""
        return self.document.ref.name

    @property
    def spec(self) -> dict[str, Any]:
        """Return its spec as it is written."""
        spec: dict[str, Any] = self.document.value["spec"]
        return spec

    @property
    def key(self) -> str:
        """Return what it is called in diaries and requests."""
        return key_of(self.document.ref)

    def run_at(self, at: datetime) -> str:
        """Return the name of an occurrence's run."""
        return due_of(self.document.ref, at)

    def asked_at(self, at: datetime) -> str:
        """Return the name of a run somebody asked for."""
        return asked_of(self.document.ref, at)

    def next_due(self, after: datetime) -> datetime | None:
        """Return the first occurrence later than a moment, in UTC; None if there is none."""
        return self.timetable.next(after)

    @property
    def run_spec(self) -> Mapping[str, Any]:
        """Return the spec of the Run one occurrence comes to."""
        return {field: self.spec[field] for field in _PASSED_ON if field in self.spec}


def task_of(catalog: Catalog, ref: Ref) -> Task:
    """Return a recurring task of a valid catalog."""
    document = catalog.documents[ref]
    schedule = document.value["spec"]["schedule"]
    project = catalog.project_of(ref)
    return Task(
        document,
        project.name if project else "",
        timetable(schedule),
        _jitter(ref.name, schedule.get("jitter")),
        spec_digest(document.value["spec"]),
        sha256(json.dumps(schedule, sort_keys=True).encode()).hexdigest(),
    )


def _jitter(name: str, most: str | None) -> timedelta:
    """Return a task's own share of the longest delay: always the same, to the second."""
    if most is None:
        return timedelta()
    drawn = int.from_bytes(sha256(name.encode()).digest()[:8], "big")
    return timedelta(seconds=drawn % (to_seconds(most) + 1))
