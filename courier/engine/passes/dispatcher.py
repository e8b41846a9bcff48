"""The dispatcher: carries the actions of a plan out, each at most once."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, assert_never

from courier.engine.accounts.courses import write_courses
from courier.engine.accounts.diaries import write_down
from courier.engine.inflight import Json, RunState
from courier.engine.interactive.guestdesk import GuestDesk
from courier.engine.learnings.desk import LearningDesk
from courier.engine.learnings.versions import keep_version
from courier.engine.passes.keyring import Keyring
from courier.engine.passes.observation import Observation
from courier.engine.passes.raises import Raises
from courier.engine.pullrequests.reproposing import Reproposer
from courier.engine.pullrequests.restacking import restack
from courier.engine.requests.approver import Approver, Teams
from courier.engine.requests.requests import Requests
from courier.engine.running.runner import FLOW
from courier.engine.seam import RunClient
from courier.engine.world import World
from courier.errors import CourierError, NotFound
from courier.planning.catalog.catalog import Catalog
from courier.planning.catalog.permission import Member
from courier.planning.plan import (
    Action,
    CancelRun,
    GrantBudget,
    KeepSandbox,
    KillSandbox,
    Limit,
    Plan,
    PublishRun,
    ResumeRun,
    StartRun,
    StartSandbox,
    TellSandbox,
)
from courier.ports.state import WriteFile
from courier.runs.records.cichecks import read_checks
from courier.runs.records.writeback import record_files, to_json
from courier.runs.run.run import Run
from courier.runs.usage.budget import SIGNAL


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What became of one action.

    Attributes:
        how: started: queued now; underway: was queued or running already; stuck: ended here
            without reaching the record, which is made up for, see `message`; cancelling, told (of
            a sandbox), granted (there is budget again), unlocked (the secret it waited for is
            here) and published: as asked; answered: somebody's yes or no was passed on; failed:
            could not be done now, see `message`.
    """

    run: str
    how: Literal[
        "started",
        "underway",
        "stuck",
        "cancelling",
        "published",
        "answered",
        "told",
        "granted",
        "unlocked",
        "failed",
    ]
    message: str = ""


KeepTo = Callable[[Sequence[Limit]], None]
"""Tells whoever runs the runs how many of each project may run at once."""


def nobody(_project: str) -> Sequence[Member]:
    """Return that a project has no Team."""
    return ()


class Dispatcher:
    """Hands runs to the engine; the run's name is the claim.

    Args:
        world: Where records and requests are.
        engine: Runs the runs, or asks the engine that does.
        observation: Knows where records are.
        keep_to: Called before anything is handed over; an engine elsewhere keeps its own limits.
    """

    def __init__(
        self,
        world: World,
        engine: RunClient,
        observation: Observation,
        *,
        keep_to: KeepTo = lambda _limits: None,
    ) -> None:
        self._keep_to = keep_to
        self._world = world
        self._engine = engine
        self._observation = observation
        self._requests = Requests(world.state)
        self._keyring = Keyring(world, engine)
        self._approver = Approver(world, engine, self._requests, observation.pulls)
        self._reproposer = Reproposer(world)
        self._guests = GuestDesk(world, engine)
        self._raises = Raises(world, engine)
        self._learnings = LearningDesk(world, observation.pulls)

    async def carry_out(self, plan: Plan, *, teams: Teams = nobody) -> Sequence[Dispatched]:
        """Do what the plan says, in its order, and return what became of each action.

        An action that cannot be done now does not keep the others from being done.

        Args:
            plan: What to do.
            teams: Who may answer for runs that wait for a person.
        """
        self._keep_to(plan.limits)
        if not await keep_version(self._world.state, plan.learnings):
            # Its steps were to be told a version that is another one by now.
            actions = [each for each in plan.actions if not isinstance(each, StartRun)]
            plan = plan.model_copy(update={"actions": tuple(actions)})
        # What starts is on record first, so that the same word never starts anything twice.
        await write_courses(plan.courses, self._world.state)
        done = [await self._try(action, teams) for action in plan.actions]
        failed = frozenset(each.run for each in done if each.how == "failed")
        await write_down(plan.tasks, failed=failed, state=self._world.state)
        proposed = await self._raises.carry_out(plan)
        return [*done, *(Dispatched(one.branch, "published", one.title) for one in proposed)]

    async def propose_again(self, limits: Sequence[Limit]) -> Sequence[str]:
        """Return the runs whose pull requests could be opened now, and could not before.

        Args:
            limits: How many of each project may be opened.
        """
        left = {one.project: one.proposals for one in limits if one.proposals is not None}
        return await self._reproposer.try_again(left)

    async def settle_learnings(self, catalog: Catalog) -> Sequence[Dispatched]:
        """Take in what was found in finished runs, and bring the pull requests about it up to date.

        Args:
            catalog: The documents in force.

        Returns:
            What could not be done now, and what was proposed.
        """
        live = await self._engine.list(live=True)
        outcome = await self._learnings.settle(catalog, {state.run_id for state in live})
        failed = [Dispatched(name, "failed", why) for name, why in outcome.failed]
        return [*failed, *(Dispatched(name, "published", told) for name, told in outcome.proposed)]

    async def _try(self, action: Action, teams: Teams) -> Dispatched:
        try:
            return await self._do(action, teams)
        except CourierError as fault:
            return Dispatched(action.run, "failed", str(fault))

    async def _do(self, action: Action, teams: Teams) -> Dispatched:
        match action:
            case StartRun():
                return await self._start(action)
            case ResumeRun(run=run):
                return await self._resume(run, teams)
            case CancelRun(run=run, reason=reason):
                await self._cancel(run, reason)
                return Dispatched(run, "cancelling", reason)
            case PublishRun():
                await self._publish(action)
                return Dispatched(action.run, "published", action.pull_request_status)
            case GrantBudget(run=run, grant=grant):
                await self._engine.send(run, SIGNAL, grant.model_dump_json(by_alias=True))
                return Dispatched(run, "granted", action.reason)
            case StartSandbox() | TellSandbox() | KillSandbox() | KeepSandbox():
                how, message = await self._guests.carry_out(action)
                return Dispatched(action.run, how, message)
            case _:
                assert_never(action)

    async def _resume(self, run: str, teams: Teams) -> Dispatched:
        asked = await self._requests.cancel_of(run)
        if asked is None:
            given = await self._approver.settle(run, teams)
            if given is None:
                is_told = await self._keyring.settle(run)
                return Dispatched(run, "unlocked" if is_told else "underway")
            return Dispatched(run, "answered", f"{given.answer} by {given.by or 'somebody'}")
        await self._engine.cancel(run, by=asked.by, reason=asked.reason)
        return Dispatched(run, "cancelling", asked.reason)

    async def _start(self, action: StartRun) -> Dispatched:
        frozen: Json = json.loads(action.frozen.model_dump_json(by_alias=True))
        queue = action.frozen.project
        if await self._engine.submit(action.run, flow=FLOW, input=frozen, queue=queue):
            return Dispatched(action.run, "started")
        known = await self._engine.status(action.run)
        if known is None or not known.phase.ended:
            return Dispatched(action.run, "underway")
        ended = _unrecorded(known)
        changes = record_files(action.frozen, ended)
        await self._world.state.write(
            [WriteFile(path, content) for path, content in changes.items()],
            message=f"{ended.phase}: {action.run}",
        )
        return Dispatched(action.run, "stuck", ended.message)

    async def _cancel(self, run: str, reason: str) -> None:
        try:
            await self._engine.cancel(run, by="courier", reason=reason)
        except NotFound:
            return

    async def _publish(self, action: PublishRun) -> None:
        path = self._observation.place(action.run)
        content = (await self._world.state.read([path])).get(path)
        if content is None:
            raise NotFound("The run's record is gone.", detail=path)
        record = json.loads(content)
        pull = record["pullRequest"]
        place = (pull.get("forge") or "local", int(pull["number"]))
        now = await self._observation.pulls.get(place)
        record["pullRequest"] = now.model_dump(mode="json", by_alias=True)
        if (known := read_checks(record)) is not None:
            record["ciChecks"] = known.merged(now).model_dump(mode="json", by_alias=True)
        if now.status == "merged":
            await restack(self._world.forges[now.forge], now)
        if now.status in ("merged", "closed"):
            await self._drop_branches(record.get("candidates") or ())
        await self._world.state.write(
            [WriteFile(path, to_json(record))],
            message=f"pull request {now.status}: {action.run}",
        )

    async def _drop_branches(self, candidates: Sequence[dict[str, Any]]) -> None:
        """Delete what was kept of candidates, unless somebody went on with it."""
        repository = self._world.repository
        for one in candidates:
            branch = one.get("branch")
            if not branch:
                continue
            tip = await repository.resolve(f"refs/remotes/origin/{branch}")
            if tip == one.get("commit"):
                await repository.delete_branch(branch)
            if tip in (None, one.get("commit")):
                one["branch"] = None


def _unrecorded(known: RunState) -> Run:
    """Return what is known of a run that the engine ended before it could tell its own end."""
    run = Run(
        phase="failed",
        reason=known.error.type if known.error else "Unrecorded",
        message=known.error.message if known.error else "It ended without a record.",
        started_at=known.started_at or known.submitted_at,
        ended_at=known.ended_at,
    )
    if known.cancellation is None or known.error is not None:
        return run
    told = f"Cancelled by {known.cancellation.by}: {known.cancellation.reason}"
    return replace(run, phase="cancelled", reason="Cancelled", message=told)
