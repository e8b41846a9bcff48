"""The committed accounts of runs, read back from the state branch by people's commands."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from courier.engine.retelling import retell
from courier.engine.runner import FLOW
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.errors import Misconfigured, NotFound
from courier.ports.state import StateBranch
from courier.runs.writeback import journal_path, record, transcript_path

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
        return [found for found in read if found is not None]

    async def names(self) -> Sequence[str]:
        """Return the name of every run on record, as last looked at."""
        return [path.split("/")[-2] for path in await self._paths()]

    async def find(self, run: str) -> RunRecord | None:
        """Return one run's record, or None.

        Raises:
            Misconfigured: If it is not JSON.
        """
        await self._state.refresh()
        path = next((path for path in await self._paths() if path.split("/")[-2] == run), None)
        if path is None:
            return None
        found = _read(path, (await self._state.read([path]))[path])
        if found is None:
            raise Misconfigured("The run's record is not JSON.", detail=path)
        return found

    async def named(self, runs: Collection[str]) -> Mapping[str, RunRecord]:
        """Return the records of some runs by name; those without one are missing."""
        await self._state.refresh()
        paths = [path for path in await self._paths() if path.split("/")[-2] in runs]
        contents = await self._state.read(paths)
        read = (_read(path, content) for path, content in contents.items())
        return {found.name: found for found in read if found is not None}

    async def outputs(self, found: RunRecord) -> Mapping[str, str]:
        """Return step folder to what the agent said last in it."""
        steps = [str(step.get("folder", "")) for step in found.value.get("steps", ())]
        paths = {f"{found.folder}/{step}/output.md": step for step in steps if step}
        contents = await self._state.read(list(paths))
        return {
            paths[path]: content.decode("utf-8", "replace") for path, content in contents.items()
        }

    async def transcript(self, found: RunRecord) -> bytes:
        """Return the transcript kept for a run, one JSON object a line.

        Raises:
            NotFound: If none was kept.
        """
        started = found.value.get("startedAt")
        kept = None
        if isinstance(started, str):
            path = transcript_path(found.name, datetime.fromisoformat(started))
            kept = await self._state.read_transcript(path)
        if kept is None:
            raise NotFound(f"No transcript of run {found.name} was kept.")
        return kept

    async def journal(self, found: RunRecord) -> bytes:
        """Return what a run was answered, as `Recording.read` reads it.

        Raises:
            NotFound: If it was not kept.
        """
        kept = await self._journal(found)
        if kept is None:
            raise NotFound(
                f"No journal of run {found.name} was kept.",
                detail="It was done by a courier that did not keep them yet, or ended uncleanly.",
            )
        return kept

    async def candidate_journal(self, found: RunRecord, number: int) -> bytes | None:
        """Return what a run's candidate, from 1, was answered; None if it was not kept."""
        return await self._journal(found, candidate=number)

    async def _journal(self, found: RunRecord, candidate: int | None = None) -> bytes | None:
        started = found.value.get("startedAt")
        if not isinstance(started, str):
            return None
        at = datetime.fromisoformat(started)
        path = journal_path(found.name, at, candidate=candidate)
        return await self._state.read_transcript(path)

    async def transcript_of(self, run: str) -> bytes:
        """Return the transcript kept for a run, by its name.

        Raises:
            NotFound: If there is no such run on record, or none was kept.
        """
        found = await self.find(run)
        if found is None:
            raise NotFound(
                f"There is no run {run}.",
                detail="It is neither in flight here nor on record.",
                next_step="List runs with `courier get runs`.",
            )
        return await self.transcript(found)

    async def _paths(self) -> Sequence[str]:
        return [path for path in await self._state.paths("runs") if path.endswith(_FILE)]


async def accounts(
    world: World, reader: RunReader, *, limit: int | None = None
) -> Sequence[Mapping[str, Any]]:
    """Return the accounts of runs as plain JSON values, those in flight first, then the newest.

    One that is in flight here is told as far as it is by now, with what the engine says of it under
    ``inFlight``.
    """
    live = [state for state in await reader.list(live=True) if state.flow == FLOW]
    flying = {state.run_id: await _live_account(world, reader, state.run_id) for state in live}
    kept = list(await RunRecords(world.state).newest(limit))
    kept.sort(key=lambda found: str(found.value.get("startedAt")), reverse=True)
    return [
        *(account for account in flying.values() if account is not None),
        *(record.value for record in kept if record.name not in flying),
    ]


async def account(world: World, reader: RunReader, run: str) -> Mapping[str, Any]:
    """Return the account of one run.

    Raises:
        NotFound: If it is neither in flight here nor on record.
    """
    state = await reader.status(run)
    if state is not None and not state.phase.ended:
        told = await _live_account(world, reader, run)
        if told is not None:
            return told
    found = await RunRecords(world.state).find(run)
    if found is None:
        raise NotFound(
            f"There is no run {run}.",
            detail="It is neither in flight here nor on record.",
            next_step="See `courier get runs`, and `courier plan` for what would start.",
        )
    return found.value


async def _live_account(world: World, reader: RunReader, run: str) -> Mapping[str, Any] | None:
    told = await retell(world, reader, run)
    if told is None:
        return None
    state = told.state
    flying = {
        "phase": str(state.phase),
        "step": state.step,
        "submittedAt": state.submitted_at.isoformat(),
        "cancelling": state.cancellation is not None,
    }
    return {**record(told.plan, told.shown), "inFlight": flying}


def _read(path: str, content: bytes) -> RunRecord | None:
    folder = path.removesuffix(_FILE)
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    name = folder.rpartition("/")[2]
    return RunRecord(name, folder, value) if isinstance(value, dict) else None
