"""What is on record of recurring tasks: their diaries, and what people asked of them."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal

from courier.planning.observed.diary import FOLDER, Ask, ObservedTask, path_of, read_diary
from courier.planning.plan import PlannedTask
from courier.ports.repository import Identity
from courier.ports.state import StateBranch, WriteFile
from courier.runs.records.writeback import to_json

log = logging.getLogger(__name__)

REQUESTS = "requests"
"""Where requests are on the state branch."""


class Diaries:
    """Reads diaries again and again, what did not change only once; each request is read once."""

    def __init__(self, state: StateBranch) -> None:
        self._state = state
        self._read: dict[str, tuple[bytes, ObservedTask]] = {}
        self._known: set[str] = set()
        self._asks: dict[str, list[Ask]] = {}

    async def look(self) -> Mapping[str, ObservedTask]:
        """Return what is known of every task, by name; the branch must have been refreshed."""
        paths = await self._state.paths(FOLDER)
        contents = await self._state.read(paths)
        self._read = {_name(path): self._seen(path, body) for path, body in contents.items()}
        await self._look_at_requests()
        found = {name: seen for name, (_, seen) in self._read.items()}
        for task, asks in self._asks.items():
            seen = found.get(task, ObservedTask())
            ordered = tuple(sorted(asks, key=lambda ask: ask.at))
            found[task] = replace(seen, asks=ordered, mark=f"{seen.mark} {len(asks)}")
        return found

    def _seen(self, path: str, content: bytes) -> tuple[bytes, ObservedTask]:
        known = self._read.get(_name(path))
        return known if known and known[0] == content else (content, read_diary(content))

    async def _look_at_requests(self) -> None:
        paths = [path for path in await self._state.paths(REQUESTS) if path not in self._known]
        for path, content in (await self._state.read(paths)).items():
            try:
                told = json.loads(content)
                if told["action"] in ("trigger", "resume") and "task" in told:
                    self._asks.setdefault(str(told["task"]), []).append(_ask(told))
            except (ValueError, KeyError, TypeError) as error:
                log.warning("%s on the state branch cannot be read: %r", path, error)
        self._known.update(paths)


async def write_down(
    tasks: Sequence[PlannedTask], *, failed: frozenset[str], state: StateBranch
) -> None:
    """Keep what was decided of tasks, save of those whose runs could not be handed over.

    Args:
        tasks: What was decided.
        failed: Runs that could not be started now.
        state: Where diaries are.
    """
    changes = [
        WriteFile(path_of(each.task), to_json(each.diary.model_dump(mode="json", by_alias=True)))
        for each in tasks
        if each.diary is not None and failed.isdisjoint(each.starts)
    ]
    if changes:
        count = f"{len(changes)} task{'s' if len(changes) > 1 else ''}"
        await state.write(changes, message=f"recurring: {count}")


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """One thing somebody asks of a recurring task; ``at`` is cut to the second."""

    action: Literal["trigger", "resume"]
    task: str
    by: Identity
    at: datetime
    reason: str = ""

    @property
    def file(self) -> WriteFile:
        """Return the file that keeps it."""
        by = f"{self.by.name} <{self.by.email}>"
        told = {"action": self.action, "task": self.task, "by": by, "at": self.at.isoformat()}
        told["reason"] = self.reason
        digest = sha256(json.dumps(told).encode()).hexdigest()[:8]
        name = f"{self.at:%Y%m%dt%H%M%Sz}-{self.action}-{digest}"
        return WriteFile(f"{REQUESTS}/{name}.json", to_json(told))


def _ask(told: Mapping[str, object]) -> Ask:
    at = datetime.fromisoformat(str(told["at"]))
    if at.tzinfo is None:
        raise ValueError("its time has no zone")
    action: Literal["trigger", "resume"] = "trigger" if told["action"] == "trigger" else "resume"
    return Ask(action, by=str(told["by"]), at=at)


def _name(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".json")
