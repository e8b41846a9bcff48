"""What is on record of documents that ask for runs: how far each has come."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from courier.planning.documents.references import Ref
from courier.planning.observed.course import (
    FOLDERS,
    ObservedCourse,
    PlannedCourse,
    Resumption,
    path_of,
    read_course,
)
from courier.ports.repository import Identity
from courier.ports.state import StateBranch, WriteFile
from courier.runs.records.writeback import to_json

log = logging.getLogger(__name__)

REQUESTS = "requests"
"""Where requests are on the state branch."""


class Courses:
    """Reads courses again and again, what did not change only once; requests are read once."""

    def __init__(self, state: StateBranch) -> None:
        self._state = state
        self._read: dict[str, tuple[bytes, ObservedCourse]] = {}
        self._known: set[str] = set()
        self._asks: dict[Ref, list[Resumption]] = {}

    async def look(self) -> Mapping[Ref, ObservedCourse]:
        """Return what is on record of each document; the branch must have been refreshed."""
        places = {
            path: Ref(kind, path.rpartition("/")[2].removesuffix(".json"))
            for kind, folder in FOLDERS.items()
            for path in await self._state.paths(folder)
        }
        contents = await self._state.read(list(places))
        self._read = {path: self._seen(path, body) for path, body in contents.items()}
        found = {places[path]: seen for path, (_, seen) in self._read.items()}
        await self._look_at_requests()
        for ref, asks in self._asks.items():
            seen = found.get(ref, ObservedCourse())
            ordered = tuple(sorted(asks, key=lambda ask: ask.at))
            found[ref] = replace(seen, asks=ordered, mark=f"{seen.mark} {len(asks)}")
        return found

    async def _look_at_requests(self) -> None:
        paths = [path for path in await self._state.paths(REQUESTS) if path not in self._known]
        for path, content in (await self._state.read(paths)).items():
            try:
                told = json.loads(content)
                if told["action"] == "resume" and "chain" in told:
                    ref = Ref(str(told["kind"]), str(told["chain"]))
                    self._asks.setdefault(ref, []).append(_resumption(told))
            except (ValueError, KeyError, TypeError) as error:
                log.warning("%s on the state branch cannot be read: %r", path, error)
        self._known.update(paths)

    def _seen(self, path: str, content: bytes) -> tuple[bytes, ObservedCourse]:
        known = self._read.get(path)
        return known if known and known[0] == content else (content, read_course(content))


async def write_courses(planned: Sequence[PlannedCourse], state: StateBranch) -> None:
    """Keep how far documents that ask for runs have come.

    Args:
        planned: Those that changed.
        state: Where courses are.
    """
    courses = [each.course for each in planned]
    if courses:
        files = [
            WriteFile(path_of(each.ref), to_json(each.model_dump(mode="json", by_alias=True)))
            for each in courses
        ]
        told = ", ".join(f"{each.ref} {each.phase}" for each in courses[:3])
        more = f" and {len(courses) - 3} more" if len(courses) > 3 else ""
        await state.write(files, message=f"course: {told}{more}")


@dataclass(frozen=True, slots=True)
class ChainRequest:
    """Somebody's word that a chain goes on; ``at`` is cut to the second."""

    chain: Ref
    by: Identity
    at: datetime
    part: str = ""
    reason: str = ""

    @property
    def file(self) -> WriteFile:
        """Return the file that keeps it."""
        told = {
            "action": "resume",
            "kind": self.chain.kind,
            "chain": self.chain.name,
            "part": self.part or None,
            "by": f"{self.by.name} <{self.by.email}>",
            "at": self.at.isoformat(),
            "reason": self.reason,
        }
        digest = sha256(json.dumps(told).encode()).hexdigest()[:8]
        return WriteFile(f"{REQUESTS}/{self.at:%Y%m%dt%H%M%Sz}-resume-{digest}.json", to_json(told))


def _resumption(told: Mapping[str, object]) -> Resumption:
    at = datetime.fromisoformat(str(told["at"]))
    if at.tzinfo is None:
        raise ValueError("its time has no zone")
    return Resumption(by=str(told["by"]), at=at, part=str(told.get("part") or ""))
