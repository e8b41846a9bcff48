"""Requests for sprint plans, on record with who and when."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from courier.planning.observed.askeddraft import AskedDraft
from courier.ports.state import StateBranch, WriteFile
from courier.runs.records.writeback import to_json

log = logging.getLogger(__name__)

_FOLDER = "requests"
_ACTION = "draft"


class Drafts:
    """Reads what is asked for again and again; each request is read once."""

    def __init__(self, state: StateBranch) -> None:
        self._state = state
        self._seen: set[str] = set()
        self._asked: dict[str, AskedDraft] = {}

    async def look(self) -> tuple[AskedDraft, ...]:
        """Return every request, by name; the first of a name counts."""
        paths = [path for path in await self._state.paths(_FOLDER) if path not in self._seen]
        for path, content in sorted((await self._state.read(paths)).items()):
            try:
                told = json.loads(content)
                if told["action"] == _ACTION:
                    asked = _read(told)
                    self._asked.setdefault(asked.name, asked)
            except (ValueError, KeyError, TypeError) as error:
                log.warning("%s on the state branch cannot be read: %r", path, error)
        self._seen.update(paths)
        return tuple(self._asked[name] for name in sorted(self._asked))


@dataclass(frozen=True, slots=True)
class DraftRequest:
    """One thing somebody wants drafted; ``at`` is when they said so."""

    asked: AskedDraft
    at: datetime

    @property
    def file(self) -> WriteFile:
        """Return the file that keeps it."""
        asked = self.asked
        told = {
            "action": _ACTION,
            "name": asked.name,
            "by": asked.by,
            "at": self.at.isoformat(),
            "goal": asked.goal,
            "background": asked.background,
            "sprints": asked.sprints,
            "workflow": asked.workflow,
            "project": asked.project,
        }
        digest = sha256(json.dumps(told).encode()).hexdigest()[:8]
        name = f"{self.at:%Y%m%dt%H%M%Sz}-{_ACTION}-{digest}"
        return WriteFile(f"{_FOLDER}/{name}.json", to_json(told))


def _read(told: Mapping[str, object]) -> AskedDraft:
    return AskedDraft(
        name=str(told["name"]),
        goal=str(told["goal"]),
        background=str(told.get("background") or ""),
        sprints=int(str(told.get("sprints") or 8)),
        workflow=str(told.get("workflow") or ""),
        project=str(told.get("project") or ""),
        by=str(told["by"]),
    )
