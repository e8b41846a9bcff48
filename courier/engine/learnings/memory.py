"""What is remembered of learnings on the state branch: batches, rejections, further evidence."""

import json
import logging
from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from courier.errors import Misconfigured
from courier.planning.catalog.inforce import MEND
from courier.planning.learned.batch import (
    BATCHES,
    EVIDENCE,
    REJECTED,
    Batch,
    Rejected,
    batch_path,
)
from courier.ports.state import AppendLine, Change, StateBranch, SwapFile
from courier.resources.model import first_fault
from courier.runs.learnings.lesson import Evidence, Lesson
from courier.runs.learnings.likeness import mark
from courier.runs.records.writeback import to_json

log = logging.getLogger(__name__)


class Memory:
    """Reads it; what can only be added to is read once."""

    def __init__(self, state: StateBranch) -> None:
        self._state = state
        self._rejected: dict[str, Rejected] = {}
        self._batches: dict[str, bytes] = {}
        self._unreadable: dict[str, bytes] = {}

    async def batches(self) -> Mapping[str, Batch]:
        """Return every open batch by its project; one that cannot be read is left as it is."""
        contents = await self._state.read(await self._state.paths(BATCHES))
        self._batches = dict(contents)
        found = {}
        for path, content in contents.items():
            try:
                batch = Batch.model_validate_json(content)
            except ValidationError as wrong:
                self._warn(path, content, wrong)
                continue
            self._unreadable.pop(path, None)
            found[batch.project] = batch
        return found

    async def proposed(self) -> Mapping[str, tuple[str, int]]:
        """Return the forge and the number of every pull request that is open, by its branch."""
        batches = (await self.batches()).values()
        return {one.branch: (one.forge, one.number) for one in batches if one.number is not None}

    async def keep(self, batch: Batch, changes: Sequence[Change] = (), *, message: str) -> bool:
        """Keep a batch with whatever belongs to that; return whether it is kept.

        It is not where somebody else kept another one since `batches` was asked.

        Raises:
            Misconfigured: If what is kept of it cannot be read.
        """
        path, content = batch_path(batch.project), _content(batch)
        if path in self._unreadable:
            raise Misconfigured(
                "What is proposed cannot be read, so that nothing is added to it.",
                detail=f"{path} on the state branch",
                next_step=MEND,
            )
        swap = SwapFile(path, content, was=self._batches.get(path))
        await self._state.write([*changes, swap], message=message)
        await self._state.refresh()
        self._batches[path] = (await self._state.read([path])).get(path, b"")
        return self._batches[path] == content

    async def rejected(self) -> Sequence[Rejected]:
        """Return everything people rejected."""
        paths = await self._state.paths(REJECTED)
        new = [path for path in paths if path not in self._rejected]
        for path, content in (await self._state.read(new)).items():
            try:
                self._rejected[path] = Rejected.model_validate_json(content)
            except ValidationError as wrong:
                self._warn(path, content, wrong)
        return [self._rejected[path] for path in paths if path in self._rejected]

    def _warn(self, path: str, content: bytes, wrong: ValidationError) -> None:
        if self._unreadable.get(path) != content:
            log.warning("%s on the state branch cannot be read: %s", path, first_fault(wrong))
        self._unreadable[path] = content

    async def evidence(self) -> Mapping[str, Sequence[Evidence]]:
        """Return what showed known learnings again, by the marks of these."""
        content = (await self._state.read([EVIDENCE])).get(EVIDENCE, b"")
        found: dict[str, list[Evidence]] = {}
        for line in content.splitlines():
            try:
                told = json.loads(line)
                shown = Evidence(run=told["run"], commit=told.get("commit"))
            except (ValueError, KeyError, TypeError):
                continue
            found.setdefault(str(told.get("mark")), []).append(shown)
        return found


def evidence_line(lesson: Lesson, shown: Evidence) -> AppendLine:
    """Return the line that notes that a run showed a known learning again."""
    key = f"{mark(lesson)}/{shown.run}"
    told = {"key": key, "mark": mark(lesson), "name": lesson.name, "run": shown.run}
    return AppendLine(EVIDENCE, json.dumps({**told, "commit": shown.commit}).encode(), key=key)


def _content(batch: Batch) -> bytes:
    return to_json(batch.model_dump(mode="json", by_alias=True))
