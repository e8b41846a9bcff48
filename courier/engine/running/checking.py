"""Checking: a run follows what continuous integration says of what it delivered."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from courier.engine.attempts.lease import labels_of, leave_sandboxes
from courier.engine.patience import patiently
from courier.engine.pullrequests.upshot import COMMENT
from courier.engine.running.chronicle import Chronicle
from courier.engine.running.delivery import Delivery
from courier.engine.running.parking import Parking
from courier.engine.seam import Json, StepIO
from courier.errors import CourierError, Unavailable
from courier.ports.forges import Changes, Forge
from courier.runs.proposal.checkswords import help_note
from courier.runs.pullrequests.checks import Check
from courier.runs.run.events import (
    RUN_EVENT,
    ChecksAwaited,
    ChecksRed,
    ChecksSeen,
    HelpAsked,
    RedCheck,
    WorkDelivered,
)
from courier.runs.steps.acts import AskForHelp, AwaitChecks, Deliver, GatherRed, PushRepair
from courier.runs.steps.checking import LABEL, is_red, keeps_resting, looks_like_waiting, repairer
from courier.runs.steps.ending import ending_of
from courier.runs.texts.material import bounded, plain

log = logging.getLogger(__name__)

SIGNAL: Final = "checks"
"""The signal that hints that checks may be other than they were."""

MOST_RED: Final = 8
"""Most checks whose logs are gathered."""

HELP_PATIENCE: Final = timedelta(minutes=10)
"""How long asking for help is tried before the run ends without it."""

LOG_LIMIT: Final = 8_000
"""Most characters that are kept of one check's log."""


@dataclass(frozen=True, slots=True)
class Checking:
    """Follows the checks on behalf of one run, and notes what it saw."""

    chronicle: Chronicle

    @property
    def _forge(self) -> Forge:
        return self.chronicle.world.forge_of(self.chronicle.plan)

    async def wait(self, decision: AwaitChecks) -> None:
        """Wait, with no sandbox running, until it is time or somebody hints; then look."""
        told = self.chronicle
        if decision.begins:
            at = await told.now("checks/awaited")
            told.add(ChecksAwaited(at=at, head=decision.head, message=decision.message))
            await told.if_possible("checks/let-go", self._let_go)
            await told.publish("checks/published")
        await told.context.signal(SIGNAL, until=decision.until)
        before = told.run.ci.seen
        seen = await told.context.step(
            told.unique("checks/look"), partial(self._look, decision.head, decision.number)
        )
        fact = RUN_EVENT.validate_json(str(seen))
        told.add(fact)
        if isinstance(fact, ChecksSeen) and not _is_news(fact, before):
            return
        log.info("run %s: %s", told.plan.run, told.run.message)
        await told.publish("checks/seen")

    async def gather(self, decision: GatherRed) -> None:
        """Look once more and, where it is red still, note why."""
        told = self.chronicle
        found = await told.context.step(
            told.unique("checks/red"), lambda _io: self._gather(decision)
        )
        told.add(RUN_EVENT.validate_json(str(found)))
        log.info("run %s: %s", told.plan.run, told.run.message)
        await told.publish("checks/seen")

    async def push(self, decision: PushRepair) -> None:
        """Push a repair; where somebody else has pushed meanwhile, note that instead."""
        told = self.chronicle
        before = told.run.delivered
        how = Deliver(
            decision.commit,
            "draft" if decision.draft else "pullRequest",
            ending_of(told.plan, told.run),
        )
        stage = told.unique("repair")
        await_key = Parking(told).await_secret
        delivery = Delivery(
            told.world, told.context, told.plan, stage, mends=True, await_key=await_key
        )
        pushed = await delivery.carry_out(told.run, how)
        if pushed.refusal is None or before is None or before.pull_request is None:
            told.add(pushed)
            return
        if pushed.branch is not None:
            # It has gone out; only the text of the pull request is not up to date.
            log.warning("run %s: %s", told.plan.run, pushed.refusal.message)
            kept = {"pull_request": before.pull_request, "refusal": None}
            told.add(pushed.model_copy(update=kept))
            return
        number = before.pull_request.number
        seen = await told.context.step(
            told.unique("checks/look"), partial(self._look, decision.onto, number)
        )
        told.add(RUN_EVENT.validate_json(str(seen)))
        told.add(_declined(pushed, before))

    async def ask_for_help(self, decision: AskForHelp) -> None:
        """Mark the pull request for people, and say on it what was tried."""
        told = self.chronicle
        asked = await told.context.step(told.unique("checks/help"), lambda _io: self._ask(decision))
        told.add(RUN_EVENT.validate_json(str(asked)))

    async def _let_go(self, _io: StepIO) -> Json:
        told = self.chronicle
        plan, run = told.plan, told.run
        who = repairer(plan, run) if keeps_resting(plan, run) else None
        resting = who[1].resting if who is not None else None
        labels = labels_of(told.world, plan)
        await leave_sandboxes(told.world, labels, rests=resting.sandbox if resting else None)
        return None

    async def _look(self, head: str, number: int, _io: StepIO) -> Json:
        return (await self._seen(head, number)).model_dump_json(by_alias=True)

    async def _seen(self, head: str, number: int) -> ChecksSeen:
        world = self.chronicle.world
        forge = self._forge
        pull, checks = await patiently(world.clock, lambda: forge.follow(number, head=head))
        message = looks_like_waiting(self.chronicle.plan.ci, checks)
        return ChecksSeen(at=world.clock.now(), checks=checks, pull_request=pull, message=message)

    async def _gather(self, decision: GatherRed) -> Json:
        ci = self.chronicle.plan.ci
        seen = await self._seen(decision.head, decision.number)
        is_ours = seen.pull_request.status == "created" and (
            seen.pull_request.head in self.chronicle.run.ci.pushed
        )
        if not is_ours or not is_red(ci, seen.checks, late=decision.late):
            return seen.model_dump_json(by_alias=True)
        red = [await self._why(decision.head, one) for one in seen.checks.red(ci.required)]
        fact = ChecksRed(at=seen.at, head=decision.head, red=tuple(red))
        return fact.model_dump_json(by_alias=True)

    async def _why(self, head: str, check: Check) -> RedCheck:
        world, wrote = self.chronicle.world, ""
        try:
            wrote = await self._forge.check_log(head, check)
        except Unavailable:
            raise
        except CourierError as error:
            log.warning("the log of check %s cannot be read: %s", check.name, error)
        kept = bounded(plain(world.secrets.redact(wrote)), LOG_LIMIT)
        return RedCheck(name=check.name, status=check.status, url=check.url, log=kept)

    async def _ask(self, decision: AskForHelp) -> Json:
        told, ending, problem = self.chronicle, decision.ending, ""
        note = help_note(told.plan, told.run, ending)
        try:
            await self._mark(decision.number, told.world.secrets.redact(note))
        except CourierError as error:
            # The run ends all the same, and says so.
            problem = str(error)
            log.warning("run %s could not ask for help: %s", told.plan.run, error)
        fact = HelpAsked(
            at=told.world.clock.now(),
            reason=ending.reason,
            message=ending.message,
            problem=problem,
        )
        return fact.model_dump_json(by_alias=True)

    async def _mark(self, number: int, note: str) -> None:
        forge, clock = self._forge, self.chronicle.world.clock
        label = partial(forge.change, number, Changes(labels=(LABEL,)))
        await patiently(clock, label, give_up_after=HELP_PATIENCE)
        say = partial(forge.comment, number, COMMENT, note)
        await patiently(clock, say, give_up_after=HELP_PATIENCE)


def _is_news(seen: ChecksSeen, before: ChecksSeen | None) -> bool:
    """Return whether a look tells anything the last one did not."""
    if before is None or not seen.checks.says_the_same(before.checks):
        return True
    now, then = seen.pull_request, before.pull_request
    return (now.status, now.head) != (then.status, then.head)


def _declined(pushed: WorkDelivered, before: WorkDelivered) -> WorkDelivered:
    """Return a delivery that came to nothing, beside the one that still stands."""
    kept = {"pull_request": before.pull_request, "branch": before.branch, "commit": before.commit}
    return pushed.model_copy(update=kept)
