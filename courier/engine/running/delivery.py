"""Delivery: the branch pushed and the pull request found or opened, exactly once."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from courier.engine.commits.signing import others, signed
from courier.engine.patience import patiently
from courier.engine.pullrequests.particulars import particulars
from courier.engine.pullrequests.reproposing import DECLINED
from courier.engine.pullrequests.restacking import restack
from courier.engine.running.unopened import Opening
from courier.engine.seam import Action, Context, Json, RunCancelled, StepIO
from courier.engine.world import World
from courier.errors import Conflict, CourierError, Misconfigured, Unavailable
from courier.ports.forges import Forge
from courier.ports.repository import Identity
from courier.runs.proposal.proposal import Particulars, body, title
from courier.runs.pullrequests.pullrequest import Proposed, unopened
from courier.runs.records.claim import given_way
from courier.runs.run.events import Refusal, WorkDelivered
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run
from courier.runs.steps.parking import REASON as NO_SECRET
from courier.runs.steps.progress import Deliver

log = logging.getLogger(__name__)

_LONGEST_TURN: Final = 15
"""Most seconds between two looks at who else has the same files."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the work of one run leaves courier.

    Attributes:
        stage: Prefixes its durable steps.
        note: What the pull request says first.
        mends: Whether it is a repair, which only goes on top of what was delivered before.
        await_key: Waits until the key that commits are signed with has a value, told why; None
            for a run that does not wait, where it counts as a refusal.
    """

    world: World
    context: Context
    plan: FrozenPlan
    stage: str
    note: str = ""
    mends: bool = False
    await_key: Callable[[str], Awaitable[None]] | None = None

    @property
    def _forge(self) -> Forge:
        return self.world.forge_of(self.plan)

    async def carry_out(self, run: Run, decision: Deliver) -> WorkDelivered:
        """Return what became of the work; a refusal by the remote is a fact, not an exception."""

        async def look(_io: StepIO) -> Json:
            return _told(await self._merged(decision, number))

        number = _merged_already(run, decision) if self.plan.git.aside is None else None
        if number is not None:
            return await self._step("look", look)
        pushed = await self._pushed(run, decision)
        if pushed.refusal is not None:
            return pushed
        if decision.how == "branch":
            return await self._withdrawn(pushed)
        decision = replace(decision, commit=pushed.commit or decision.commit)
        proposed = await self._in_turn(run, decision)
        return await self._tidied(run, proposed)

    async def _tidied(self, run: Run, proposed: WorkDelivered) -> WorkDelivered:
        """Return the delivery; what was shown elsewhere has served its purpose, and is closed."""
        aside = self.plan.git.aside

        async def close(_io: StepIO) -> Json:
            await self._withdraw(proposed, branch=aside)
            return _told(proposed)

        if aside is None or not any(asked.branch for asked in run.asked):
            return proposed
        return await self._step("withdraw", close)

    async def show(self, run: Run, decision: Deliver) -> WorkDelivered:
        """Return what came of opening the work to be looked at before anything is decided."""

        async def propose(_io: StepIO) -> Json:
            return _told(await self._propose(run, decision, needed=True))

        pushed = await self._pushed(run, decision)
        decision = replace(decision, commit=pushed.commit or decision.commit)
        return pushed if pushed.refusal is not None else await self._step("propose", propose)

    async def _pushed(self, run: Run, decision: Deliver) -> WorkDelivered:
        async def push(_io: StepIO) -> Json:
            return _told(await self._push(decision, earlier=self._earlier(run)))

        asked = 0
        while True:
            told = await self._step(_numbered("push", asked), push)
            lacks = told.refusal if told.refusal and told.refusal.code == NO_SECRET else None
            if lacks is None or self.await_key is None:
                return told
            await self.await_key(lacks.message)
            asked += 1

    def _earlier(self, run: Run) -> str | None:
        """Return where the branch is, as far as this run knows."""
        git, done = self.plan.git, run.delivered
        if git.aside is None:
            return run.pushed
        return done.commit if done is not None and done.refusal is None else git.expected

    async def _withdrawn(self, pushed: WorkDelivered) -> WorkDelivered:
        """Return the delivery of work nobody approves any more: what was opened is closed."""

        async def withdraw(_io: StepIO) -> Json:
            return _told(await self._withdraw(pushed))

        return await self._step("withdraw", withdraw) if self.plan.approvals else pushed

    async def _step(self, name: str, action: Action) -> WorkDelivered:
        told = await self.context.step(f"{self.stage}/{name}", action)
        return WorkDelivered.model_validate_json(str(told))

    async def _push(self, decision: Deliver, *, earlier: str | None) -> WorkDelivered:
        try:
            commit = await self._signed(decision.commit)
            before = earlier
            if earlier is not None and earlier != self.plan.git.expected:
                before = await self._signed(earlier)
            await patiently(self.world.clock, lambda: self._try_push(commit, before))
        except CourierError as error:
            refusal = self._refusal(error, {Conflict: "BranchTaken", Misconfigured: "PushDeclined"})
            return WorkDelivered(at=self.world.clock.now(), commit=decision.commit, refusal=refusal)
        return self._delivered(commit)

    async def _signed(self, commit: str) -> str:
        key, beyond = self.plan.git.signing_key, others(self.plan)
        sign = partial(signed, self.world, key, commit, beyond=beyond)
        return await patiently(self.world.clock, sign)

    async def _try_push(self, commit: str, earlier: str | None) -> None:
        repository, branch = self.world.repository, self.plan.git.branch
        try:
            await repository.push(commit, branch=branch, expected=earlier)
        except Conflict:
            # Somebody may have deleted the branch once its pull request was merged.
            if earlier is None or self.mends:
                raise
            await repository.push(commit, branch=branch, expected=None)
        except Misconfigured:
            await self._check_reach()
            raise

    async def _check_reach(self) -> None:
        """Tell a remote that lets nobody in, which a person may mend, from one that declines."""
        try:
            await self.world.repository.fetch()
        except Misconfigured as shut:
            raise Unavailable(shut.summary, detail=shut.detail) from shut

    async def _in_turn(self, run: Run, decision: Deliver) -> WorkDelivered:
        """Return the delivery, once whoever else has the same files has opened theirs or not."""
        asked, needed = 0, self.mends or bool(run.asked)

        async def propose(_io: StepIO) -> Json:
            return _told(await self._propose(run, decision, needed=needed))

        async def give_way(_io: StepIO) -> Json:
            return _told(_gave_way(await self._propose(run, decision, needed=needed)))

        try:
            while _waits(told := await self._step(_numbered("propose", asked), propose)):
                asked += 1
                pause = timedelta(seconds=min(2**asked, _LONGEST_TURN))
                await self.context.sleep(f"{self.stage}/turn-{asked}", told.at + pause)
        except RunCancelled:
            # Too late: there may be a pull request, and whatever there is must be on record.
            return await self._step("propose-on", give_way)
        return told

    async def _propose(self, run: Run, decision: Deliver, *, needed: bool) -> WorkDelivered:
        told = await particulars(self.world, self.plan, decision.commit, note=self.note)
        proposed, delivered = self._proposed(run, decision, told), self._delivered(decision.commit)
        opening = Opening(self.world, self.plan, run, delivered, needed=needed)
        try:
            opened = await opening.carry_out(proposed)
        except CourierError as error:
            refusal = self._refusal(error, {CourierError: DECLINED})
            forge, at = self.plan.delivery.forge, delivered.at
            intended = unopened(proposed, status="creating", forge=forge, at=at)
            failed = intended.model_copy(update={"status": "failed", "reason": refusal.message})
            told_failed = {"refusal": refusal, "pull_request": failed}
            return delivered.model_copy(update=told_failed)
        if len(told.stack) > 1 and opened.status == "created":
            await restack(self._forge)
        return delivered.model_copy(update={"pull_request": opened})

    async def _merged(self, decision: Deliver, number: int | None) -> WorkDelivered:
        found = await patiently(self.world.clock, lambda: self._forge.get(number or 0))
        return self._delivered(decision.commit).model_copy(update={"pull_request": found})

    async def _withdraw(self, pushed: WorkDelivered, *, branch: str | None = None) -> WorkDelivered:
        forge, git = self._forge, self.plan.git
        by = Identity(git.author_name, git.author_email)
        try:
            known = await patiently(self.world.clock, forge.list)
            mine = [each for each in known if each.run == self.plan.run]
            mine = [each for each in mine if branch in (None, each.branch)]
            for each in reversed(mine):
                now = each
                if each.status == "created":
                    close = partial(forge.close, each.number, by=by)
                    now = await patiently(self.world.clock, close)
                pushed = pushed.model_copy(update={"pull_request": now})
        except CourierError as error:
            log.warning("run %s could not close its pull request: %s", self.plan.run, error)
        return pushed

    def _delivered(self, commit: str) -> WorkDelivered:
        now = self.world.clock.now()
        return WorkDelivered(at=now, branch=self.plan.git.branch, commit=commit)

    def _refusal(self, error: CourierError, codes: dict[type[CourierError], str]) -> Refusal:
        kinds = (code for kind, code in codes.items() if isinstance(error, kind))
        code = next(kinds, type(error).__name__)
        return Refusal(code=code, message=self.world.secrets.redact(str(error)))

    def _proposed(self, run: Run, decision: Deliver, told: Particulars) -> Proposed:
        plan = self.plan
        return Proposed(
            run=plan.run,
            title=title(plan, run),
            body=body(plan, run, told),
            base=told.base or plan.git.base_branch,
            branch=plan.git.branch,
            head=decision.commit,
            draft=decision.how == "draft",
            labels=plan.delivery.labels,
            reviewers=plan.delivery.reviewers,
            auto_merge=plan.delivery.auto_merge,
            after_checks=plan.ci.before_merge,
        )


def _merged_already(run: Run, decision: Deliver) -> int | None:
    """Return the number of the pull request whose merge approved exactly this work."""
    answer = run.answered[-1] if run.answered else None
    asked = run.asked[-1] if run.asked else None
    if answer is None or asked is None or asked.pull_request is None or decision.how == "branch":
        return None
    merged = (answer.how, answer.answer, answer.commit) == (
        "pullRequest",
        "approved",
        decision.commit,
    )
    return asked.pull_request.number if merged else None


def _told(delivered: WorkDelivered) -> Json:
    return delivered.model_dump_json(by_alias=True)


def _waits(told: WorkDelivered) -> bool:
    return told.pull_request is not None and told.pull_request.status == "creating"


def _gave_way(told: WorkDelivered) -> WorkDelivered:
    """Return what is told of a delivery that waits for another one no longer."""
    if told.pull_request is None or not _waits(told):
        return told
    return told.model_copy(update={"pull_request": given_way(told.pull_request)})


def _numbered(name: str, asked: int) -> str:
    return f"{name}-{asked + 1}" if asked else name
