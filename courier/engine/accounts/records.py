"""The committed accounts of runs, read back from the state branch by people's commands."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from courier.engine.accounts.retelling import retell
from courier.engine.inflight import RunState
from courier.engine.running.runner import FLOW
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.errors import Misconfigured, NotFound
from courier.planning.observed.listed import ListedRun
from courier.ports.index import RunIndex, RunQuery
from courier.ports.state import StateBranch
from courier.runs.records.writeback import journal_path, record, transcript_path

_FILE = "/run.json"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run's record as plain JSON values, and the folder it stands in."""

    name: str
    folder: str
    value: Mapping[str, Any]


class RunRecords:
    """The records of one repository, as they are on the remote; the index says where they are."""

    def __init__(self, state: StateBranch, index: RunIndex) -> None:
        self._state = state
        self._index = index

    async def find(self, run: str) -> RunRecord | None:
        """Return one run's record, or None.

        Raises:
            Misconfigured: If it is not JSON.
        """
        await self._index.follow()
        listed = self._index.named([run]).get(run)
        if listed is None:
            return None
        found = (await self._read([listed])).get(run)
        if found is None:
            raise Misconfigured("The run's record is not JSON.", detail=listed.place)
        return found

    async def named(self, runs: Collection[str]) -> Mapping[str, RunRecord]:
        """Return the records of some runs by name; those without one are missing."""
        await self._index.follow()
        return await self._read(self._index.named(runs).values())

    async def whole(self, listed: Sequence[ListedRun]) -> Sequence[Mapping[str, Any]]:
        """Return the records of runs that the index listed; of a broken one what it says."""
        found = await self._read(listed)
        runs = [(one.observed.run, one) for one in listed]
        return [found[run].value if run in found else one.account for run, one in runs]

    async def _read(self, listed: Iterable[ListedRun]) -> Mapping[str, RunRecord]:
        contents = await self._state.read([one.place for one in listed])
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


@dataclass(frozen=True, slots=True)
class Page:
    """Some of all accounts of runs.

    Attributes:
        accounts: Those in flight first, then the last started; plain JSON values.
        next: The run the next page goes on behind; None where this is the last one.
    """

    accounts: Sequence[Mapping[str, Any]]
    next: str | None = None


async def page(world: World, reader: RunReader, wanted: RunQuery, *, whole: bool) -> Page:
    """Return accounts of runs, those in flight first, then the last started.

    One that is in flight here is told as far as it is by now, with what the engine says of it under
    ``inFlight``; those are on the first page only.

    Args:
        world: Where records are.
        reader: What is in flight here.
        wanted: Which.
        whole: Whether all of each record is wanted, or only what lists show.

    Raises:
        NotFound: If the run to go on behind is not on record.
    """
    live = [state for state in await reader.list(live=True) if state.flow == FLOW]
    flying = {state.run_id for state in live}
    first = [] if wanted.after is not None else await _flying(world, reader, live, wanted)
    await world.index.follow()
    # Runs in flight may be on record already, and one more tells whether there is another page.
    most = None if wanted.limit is None else wanted.limit + len(flying) + 1
    found = world.index.page(replace(wanted, limit=most))
    kept = [one for one in found if one.observed.run not in flying]
    listed = kept[: wanted.limit]
    records = RunRecords(world.state, world.index)
    told = await records.whole(listed) if whole else [one.account for one in listed]
    more = len(kept) > len(listed) > 0
    return Page([*first, *told], listed[-1].observed.run if more else None)


async def _flying(
    world: World, reader: RunReader, live: Sequence[RunState], wanted: RunQuery
) -> list[Mapping[str, Any]]:
    told = [await _live_account(world, reader, state.run_id) for state in live]
    return [account for account in told if account is not None and _is_wanted(account, wanted)]


def _is_wanted(account: Mapping[str, Any], wanted: RunQuery) -> bool:
    since, started = wanted.since, account["startedAt"]
    if since is not None and started and datetime.fromisoformat(started) < since:
        return False
    if wanted.phase not in (None, account["phase"], account["inFlight"]["phase"]):
        return False
    asked = {"project": wanted.project, "workflow": wanted.workflow}
    return all(value in (None, account[key]) for key, value in asked.items())


async def named(
    world: World, reader: RunReader, runs: Collection[str]
) -> Sequence[Mapping[str, Any]]:
    """Return the accounts of some runs; those that are neither in flight nor on record lack."""
    live = {state.run_id for state in await reader.list(live=True) if state.flow == FLOW}
    flying = [await _live_account(world, reader, run) for run in runs if run in live]
    told = {str(one["run"]): one for one in flying if one is not None}
    await world.index.follow()
    listed = world.index.named([run for run in runs if run not in told])
    kept = await RunRecords(world.state, world.index).whole(list(listed.values()))
    told |= {str(one["run"]): one for one in kept}
    return [told[run] for run in runs if run in told]


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
    found = await RunRecords(world.state, world.index).find(run)
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
