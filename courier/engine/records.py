"""The committed accounts of runs, read back from the state branch by people's commands."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from courier.errors import Misconfigured, NotFound
from courier.ports.state import StateBranch
from courier.runs.writeback import transcript_path

_FILE = "/run.json"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run's record as plain JSON values, and the folder it stands in."""

    name: str
    folder: str
    value: Mapping[str, Any]


class RunRecords:
    """The records of one repository, as they are on the remote."""

    def __init__(self, state: StateBranch) -> None:
        self._state = state

    async def newest(self, limit: int | None = None) -> Sequence[RunRecord]:
        """Return records by day, the newest day first; those that are not JSON are left out."""
        await self._state.refresh()
        paths = sorted(await self._paths(), reverse=True)[:limit]
        contents = await self._state.read(paths)
        read = (_read(path, contents[path]) for path in paths if path in contents)
        return [record for record in read if record is not None]

    async def find(self, run: str) -> RunRecord | None:
        """Return one run's record, or None.

        Raises:
            Misconfigured: If it is not JSON.
        """
        await self._state.refresh()
        path = next((path for path in await self._paths() if path.split("/")[-2] == run), None)
        if path is None:
            return None
        record = _read(path, (await self._state.read([path]))[path])
        if record is None:
            raise Misconfigured("The run's record is not JSON.", detail=path)
        return record

    async def outputs(self, record: RunRecord) -> Mapping[str, str]:
        """Return step folder to what the agent said last in it."""
        steps = [str(step.get("folder", "")) for step in record.value.get("steps", ())]
        paths = {f"{record.folder}/{step}/output.md": step for step in steps if step}
        contents = await self._state.read(list(paths))
        return {
            paths[path]: content.decode("utf-8", "replace") for path, content in contents.items()
        }

    async def transcript(self, record: RunRecord) -> bytes:
        """Return the transcript kept for a run, one JSON object a line.

        Raises:
            NotFound: If none was kept.
        """
        started = record.value.get("startedAt")
        kept = None
        if isinstance(started, str):
            path = transcript_path(record.name, datetime.fromisoformat(started))
            kept = await self._state.read_transcript(path)
        if kept is None:
            raise NotFound(f"No transcript of run {record.name} was kept.")
        return kept

    async def _paths(self) -> Sequence[str]:
        return [path for path in await self._state.paths("runs") if path.endswith(_FILE)]


def _read(path: str, content: bytes) -> RunRecord | None:
    folder = path.removesuffix(_FILE)
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    name = folder.rpartition("/")[2]
    return RunRecord(name, folder, value) if isinstance(value, dict) else None
