"""Rescue: work that was saved out of a sandbox, brought to a branch on a person's word."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from courier.engine.accounts.records import RunRecord, RunRecords
from courier.engine.commits import admission
from courier.engine.running.recording import Recording
from courier.engine.seam import Json, RunReader
from courier.engine.world import World
from courier.errors import Conflict, NotFound, Refused
from courier.ports.repository import GateRules, Identity
from courier.runs.interactive.frozen import name_of, run_of
from courier.runs.run.events import Checkpoint
from courier.runs.run.frozen import FrozenPlan

_PREFIX = "courier/"
_SANDBOX = "sandbox/"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants to have on a branch.

    Attributes:
        run: The run's name, or ``sandbox/<name>`` for a sandbox.
        attempt: Whose checkpoint; None for whoever saved last.
        number: Which of them, from 1; None for the last.
        branch: Where to; None for the run's branch with ``-rescued`` behind it.
        with_protected: Whether changes of protected paths may come along.
    """

    run: str
    attempt: str | None = None
    number: int | None = None
    branch: str | None = None
    with_protected: bool = False


@dataclass(frozen=True, slots=True)
class Rescued:
    """Saved work on a branch of the remote."""

    branch: str
    commit: str
    checkpoint: Checkpoint


class Rescue:
    """Brings checkpoints to branches; needs the remote alone, and no engine that runs.

    Args:
        world: Where they are.
        reader: What is in flight here.
        by: Who asks.
    """

    def __init__(self, world: World, reader: RunReader, *, by: Identity) -> None:
        self._world = world
        self._reader = reader
        self._by = by

    async def checkpoints(self, run: str) -> Sequence[Checkpoint]:
        """Return all checkpoints of a run, in the order they were made.

        Raises:
            NotFound: If there is none; says where else its work is.
        """
        found = await self._world.checkpoints.of(await self._engines_name(run))
        if not found:
            raise await self._nothing(run)
        return found

    async def bring(self, wanted: Wanted) -> Rescued:
        """Push a checkpoint's work to a branch, as one commit on what its attempt started from.

        The same again is success.

        Raises:
            NotFound: If there is no such checkpoint.
            Refused: If the gate does not let the work through.
            Conflict: If the branch is something else.
        """
        chosen = _chosen(await self.checkpoints(wanted.run), wanted)
        plan = await self._plan(await self._engines_name(wanted.run))
        base = await self._world.checkpoints.base_of(chosen)
        repository = self._world.repository
        commit = await repository.squash(
            chosen.commit,
            onto=base,
            message=_message(wanted.run, chosen, plan),
            author=Identity(plan.git.author_name, plan.git.author_email) if plan else self._by,
        )
        try:
            await repository.review(commit, rules=self._rules(plan, base))
        except Refused as refused:
            if not (refused.needs_approval and wanted.with_protected):
                raise _explained(refused) from refused
        name = wanted.run.removeprefix(_SANDBOX)
        branch = wanted.branch or f"{plan.git.branch if plan else _PREFIX + name}-rescued"
        await self._push(commit, branch)
        return Rescued(branch, commit, chosen)

    async def _push(self, commit: str, branch: str) -> None:
        try:
            await self._world.repository.push(commit, branch=branch, expected=None)
        except Conflict as taken:
            raise Conflict(
                f'Branch "{branch}" is something else.',
                detail=taken.summary,
                next_step="Choose another one with `--branch`.",
            ) from taken

    def _rules(self, plan: FrozenPlan | None, base: str) -> GateRules:
        if plan is None:
            return GateRules(ref=admission.OUT_REF, base=base, authors=())
        return replace(admission.rules(self._world, plan, base=base), authors=())

    async def _plan(self, run: str) -> FrozenPlan | None:
        """Return what the run does, as this machine or its kept journal knows it."""
        told = await self._reader.submitted(run) if await self._reader.status(run) else None
        if told is None:
            found = await RunRecords(self._world.state, self._world.index).find(run)
            told = await self._recorded(found) if found is not None else None
        if isinstance(told, Mapping) and "plan" in told:
            # A sandbox has more to it than what a run has.
            told = told["plan"]
        return FrozenPlan.model_validate_json(json.dumps(told)) if told is not None else None

    async def _engines_name(self, what: str) -> str:
        """Return what the engine calls a run, or the newest sandbox of a name."""
        if not what.startswith(_SANDBOX):
            return what
        name = what.removeprefix(_SANDBOX)
        saved = (await self._world.checkpoints.hidden()).saved
        mine = [run for run in saved if name_of(run) == name]
        return max(mine, key=lambda run: (len(run), run), default=run_of(name))

    async def _recorded(self, found: RunRecord) -> Json:
        try:
            kept = await RunRecords(self._world.state, self._world.index).journal(found)
        except NotFound:
            return None
        return Recording.read(kept.decode()).input

    async def _nothing(self, run: str) -> NotFound:
        found = await RunRecords(self._world.state, self._world.index).find(run)
        if found is None and await self._reader.status(run) is None:
            return NotFound(f"There is no run {run}.", next_step="See `courier get runs`.")
        work = (found.value.get("work") or {}) if found is not None else {}
        where = f"Its work is on branch {work['branch']}." if work.get("branch") else ""
        return NotFound(
            f"No checkpoint of run {run} is kept.",
            detail=where or "None was made yet, or the time they are kept is over.",
            next_step=f"See `courier describe run/{run}`.",
        )


def _chosen(found: Sequence[Checkpoint], wanted: Wanted) -> Checkpoint:
    mine = [one for one in found if wanted.attempt in (None, one.attempt)]
    if not mine:
        known = ", ".join(dict.fromkeys(one.attempt for one in found))
        raise NotFound(
            f"Attempt {wanted.attempt} has no checkpoint.", detail=f"These have: {known}."
        )
    attempt = wanted.attempt or mine[-1].attempt
    line = [one for one in mine if one.attempt == attempt]
    chosen = [one for one in line if wanted.number in (None, one.number)]
    if not chosen:
        raise NotFound(
            f"Attempt {attempt} has no checkpoint {wanted.number}.",
            detail=f"It has {len(line)}, counted from 1.",
        )
    return chosen[-1]


def _message(run: str, chosen: Checkpoint, plan: FrozenPlan | None) -> str:
    title = plan.title if plan is not None else f"Work of run {run}"
    told = f"Rescued from checkpoint {chosen.number} of {chosen.attempt}."
    return f"{title}\n\n{told}\n\nCourier-Run: {run}\nCourier-Checkpoint: {chosen.commit}\n"


def _explained(refused: Refused) -> Refused:
    if not refused.needs_approval:
        return refused
    return Refused(
        refused.code,
        refused.summary,
        detail=f"{refused.detail}\nLook at it, then bring it all the same with `--protected`.",
        needs_approval=True,
    )
