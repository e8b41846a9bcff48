"""What a run does next whose checks are followed; and what always holds, whatever CI says."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courier.runs.pullrequests.checks import Check, Checks, CheckStatus
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.run.events import (
    BudgetFreed,
    BudgetShort,
    CancelAsked,
    ChecksRed,
    ChecksSeen,
    HelpAsked,
    RedCheck,
    Refusal,
    RunEvent,
    RunStarted,
    WorkDelivered,
)
from courier.runs.run.following import FrozenCi
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import fold
from courier.runs.steps.acts import (
    Act,
    AskForHelp,
    AwaitChecks,
    Finish,
    GatherRed,
    PushRepair,
    StartAttempt,
)
from courier.runs.steps.checking import next_look
from courier.runs.steps.progress import next_step
from courier.runs.steps.shortage import AwaitBudget
from courier.runs.usage.budget import Caps
from tests.unit.runs.builders import START, attempted, failed, frozen, passed

HEAD, FIX = "1" * 40, "2" * 40


def pull(head: str = HEAD, **changes: object) -> PullRequest:
    opened = PullRequest(
        number=3,
        run="fix-auth",
        status="created",
        title="Fix",
        body="",
        base="main",
        branch="courier/fix-auth",
        head=head,
        created_at=START,
        updated_at=START,
    )
    return opened.model_copy(update=changes)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def following(**ci: object) -> FrozenPlan:
    return frozen(ci=FrozenCi(wait=True, fix_attempts=1).model_copy(update=ci))


def work(commit: str = HEAD, **told: object) -> tuple[RunEvent, ...]:
    return (
        RunStarted(at=START),
        attempted("design", commit=commit),
        attempted("check", verdict=passed()),
        delivery(commit).model_copy(update=told),
    )


def delivery(commit: str, *, seconds: float = 0, **told: object) -> WorkDelivered:
    made = WorkDelivered(
        at=after(seconds), branch="courier/fix-auth", commit=commit, pull_request=pull(commit)
    )
    return made.model_copy(update=told)


def seen(
    seconds: float, /, head: str = HEAD, at: PullRequest | None = None, **named: CheckStatus
) -> ChecksSeen:
    told = tuple(Check(name=name, status=status) for name, status in sorted(named.items()))
    checks = Checks(head=head, checks=told, last_polled=after(seconds))
    return ChecksSeen(at=after(seconds), checks=checks, pull_request=at or pull(head))


def red(seconds: float, head: str = HEAD) -> ChecksRed:
    return ChecksRed(at=after(seconds), head=head, red=(RedCheck(name="t", status="failure"),))


def step(plan: FrozenPlan, *facts: RunEvent) -> Act | Finish:
    return next_step(plan, fold(facts))


def ending(plan: FrozenPlan, *facts: RunEvent) -> tuple[str, str]:
    decision = step(plan, *facts)
    assert isinstance(decision, Finish), decision
    return decision.ending.phase, decision.ending.reason


def test_nothing_is_followed_unless_it_is_asked_for() -> None:
    assert ending(frozen(), *work()) == ("completed", "Completed")
    assert ending(following(), *work(pull_request=None)) == ("completed", "Completed")
    skipped = pull(number=0, status="skipped")
    assert ending(following(), *work(pull_request=skipped)) == ("completed", "Completed")


def test_looks_begin_soon_and_grow_ever_more_seldom() -> None:
    pauses = []
    for seconds in (0, 20, 90, 1000, 7200):
        looked = (seen(seconds, t="pending"),) if seconds else ()
        decision = step(following(timeout_seconds=86_400), *work(), *looked)
        assert isinstance(decision, AwaitChecks)
        pauses.append((decision.until - after(seconds)).total_seconds())
    nominal = [15, 15, 30, 60, 300]
    assert all(
        0.5 * wanted <= pause < 1.5 * wanted for wanted, pause in zip(nominal, pauses, strict=True)
    )


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_whoever_waits_alike_looks_at_the_same_moments(one: int, other: int) -> None:
    ci = FrozenCi(wait=True)
    long_ago = after(0) - timedelta(days=2)
    first, second = (next_look(ci, delivered=long_ago, since=after(at)) for at in (one, other))
    assert (first - second) % timedelta(minutes=5) == timedelta()


def test_green_ends_it() -> None:
    assert ending(following(), *work(), seen(20, t="success")) == ("completed", "Completed")


def test_named_checks_are_waited_for_and_others_do_not_matter() -> None:
    plan = following(required=("t", "deploy"))
    decision = step(plan, *work(), seen(20, t="success", lint="failure"))
    assert isinstance(decision, AwaitChecks)
    assert "deploy" in decision.message
    looked = seen(40, t="success", lint="failure", deploy="neutral")
    assert ending(plan, *work(), looked) == ("completed", "Completed")


def test_no_checks_at_all_are_believed_after_a_while() -> None:
    assert isinstance(step(following(), *work(), seen(60)), AwaitChecks)
    assert ending(following(), *work(), seen(121)) == ("completed", "Completed")
    assert isinstance(step(following(required=("t",)), *work(), seen(121)), AwaitChecks)


def test_what_does_not_end_in_time_fails_the_run() -> None:
    plan = following(timeout_seconds=600)
    assert ending(plan, *work(), seen(601, t="pending")) == ("failed", "ChecksTimeout")
    assert ending(following(timeout_seconds=60, required=("t",)), *work(), seen(61)) == (
        "failed",
        "ChecksTimeout",
    )


def test_red_is_looked_at_again_before_anything_is_done() -> None:
    plan = following()
    first = step(plan, *work(), seen(20, t="failure"))
    assert isinstance(first, AwaitChecks)
    assert 15 <= (first.until - after(20)).total_seconds() < 30
    # A hint may come at any time; it proves nothing.
    hinted = step(plan, *work(), seen(20, t="failure"), seen(21, t="failure"))
    assert isinstance(hinted, AwaitChecks)
    assert hinted.until == first.until
    assert step(plan, *work(), seen(20, t="failure"), seen(36, t="failure")) == GatherRed(
        HEAD, 3, late=False
    )


def test_red_with_others_under_way_waits_for_them_but_not_for_ever() -> None:
    plan = following(timeout_seconds=600)
    looks = [seen(at, t="failure", slow="pending") for at in (20, 40, 60)]
    assert isinstance(step(plan, *work(), *looks), AwaitChecks)
    late = [*looks, seen(601, t="failure", slow="pending")]
    assert step(plan, *work(), *late) == GatherRed(HEAD, 3, late=True)


def test_a_rerun_that_turns_green_is_no_work_for_anybody() -> None:
    facts = (*work(), seen(20, t="failure"), seen(30, t="pending"), seen(60, t="success"))
    assert ending(following(), *facts) == ("completed", "Completed")
    assert fold(facts).ci.flaky == ((HEAD, "t"),)


def test_who_did_the_work_mends_it_on_top_of_what_was_delivered() -> None:
    plan = following()
    facts: list[RunEvent] = [*work(), red(40)]
    decision = step(plan, *facts)
    assert isinstance(decision, StartAttempt)
    assert (decision.name, decision.base, decision.repairs) == ("design-2.1", HEAD, HEAD)
    tried = attempted("design", iteration=2, commit=FIX).model_copy(update={"repairs": HEAD})
    facts.append(tried)
    assert step(plan, *facts) == PushRepair(FIX, onto=HEAD, draft=False)
    facts.append(delivery(FIX, seconds=100))
    decision = step(plan, *facts)
    assert isinstance(decision, AwaitChecks)
    assert (decision.head, decision.begins) == (FIX, True)
    assert ending(plan, *facts, seen(130, FIX, t="success")) == ("completed", "Completed")


def test_the_breaker_trips_after_as_many_attempts_as_are_allowed() -> None:
    plan = following()
    tried = attempted("design", iteration=2, commit=FIX).model_copy(update={"repairs": HEAD})
    facts = (*work(), red(40), tried, delivery(FIX, seconds=100), red(140, FIX))
    decision = step(plan, *facts)
    assert isinstance(decision, AskForHelp)
    assert decision.ending.reason == "ChecksRed"
    helped = HelpAsked(at=after(150), reason="ChecksRed", message="m")
    assert ending(plan, *facts, helped) == ("failed", "ChecksRed")
    assert isinstance(step(following(fix_attempts=0), *work(), red(40)), AskForHelp)


@pytest.mark.parametrize(
    ("tried", "reason"),
    [
        (attempted("design", iteration=2), "ChecksRed"),
        (attempted("design", iteration=2, outcome=failed("Crashed")), "Crashed"),
        (
            attempted("design", iteration=2, refusal=Refusal(code="Secret", message="m")),
            "Secret",
        ),
    ],
)
def test_an_attempt_that_comes_to_nothing_asks_a_person(tried: RunEvent, reason: str) -> None:
    mended = tried.model_copy(update={"repairs": HEAD})
    decision = step(following(fix_attempts=3), *work(), red(40), mended)
    assert isinstance(decision, AskForHelp)
    assert decision.ending.reason == reason


def test_a_failure_that_may_pass_is_tried_again_for_the_same_commit() -> None:
    crashed = attempted("design", iteration=2, outcome=failed(retryable=True))
    mended = crashed.model_copy(update={"repairs": HEAD})
    decision = step(following(), *work(), red(40), mended)
    assert isinstance(decision, StartAttempt)
    assert (decision.name, decision.repairs) == ("design-2.2", HEAD)


def test_whoever_pushes_takes_the_branch_over() -> None:
    theirs = pull("9" * 40)
    facts = (*work(), seen(20, at=theirs, t="failure"))
    assert ending(following(), *facts) == ("completed", "TakenOver")
    # The forge may tell of the push before last for a while.
    tried = attempted("design", iteration=2, commit=FIX).model_copy(update={"repairs": HEAD})
    lagging = (*work(), red(40), tried, delivery(FIX, seconds=100))
    assert isinstance(step(following(), *lagging, seen(120, FIX, at=pull(HEAD))), AwaitChecks)


@pytest.mark.parametrize("status", ["merged", "closed"])
def test_what_people_decided_ends_it(status: str) -> None:
    decided = pull(status=status)
    looked = seen(20, at=decided, t="failure")
    assert ending(following(), *work(), looked) == ("completed", "Completed")


def test_a_cancelled_run_is_not_followed_any_more() -> None:
    stop = CancelAsked(at=after(30), by="Ada", reason="enough")
    facts = (*work(), seen(20, t="failure"), red(25), stop)
    assert ending(following(), *facts) == ("cancelled", "Cancelled")


def test_a_repair_the_remote_declines_asks_a_person() -> None:
    tried = attempted("design", iteration=2, commit=FIX).model_copy(update={"repairs": HEAD})
    declined = delivery(HEAD, refusal=Refusal(code="PushDeclined", message="No."))
    decision = step(following(), *work(), red(40), tried, declined)
    assert isinstance(decision, AskForHelp)
    assert decision.ending.reason == "PushDeclined"


@pytest.mark.parametrize(("on_exceed", "waits"), [("park", True), ("fail", False)])
def test_without_money_a_repair_waits_or_a_person_is_asked(on_exceed: str, *, waits: bool) -> None:
    caps = Caps.model_validate({"per_day": Decimal(1), "on_exceed": on_exceed})
    plan = following().model_copy(update={"caps": caps})
    short = BudgetShort(at=after(41), reason="DayBudgetExceeded", message="m")
    decision = step(plan, *work(), red(40), short)
    assert isinstance(decision, AwaitBudget if waits else AskForHelp)
    if waits:
        freed = BudgetFreed(at=after(90))
        assert isinstance(step(plan, *work(), red(40), short, freed), StartAttempt)


@dataclass
class Weather:
    """Continuous integration and people that do anything at any time."""

    dice: random.Random
    now: float = 0
    commits: int = 1
    facts: list[RunEvent] = field(default_factory=list)

    def go_through(self, plan: FrozenPlan) -> Finish:
        self.facts = [*work()]
        for _ in range(3000):
            decision = step(plan, *self.facts)
            assert decision == step(plan, *self.facts)
            if isinstance(decision, Finish):
                return decision
            self._obey(decision)
        raise AssertionError("It never ends.")

    def _obey(self, decision: Act) -> None:
        match decision:
            case AwaitChecks():
                hinted = self.dice.random() < 0.3
                until = (decision.until - START).total_seconds()
                self.now = max(self.now + 0.1, self.now + 1 if hinted else until)
                self.facts.append(self._look(decision.head))
            case GatherRed():
                self.now += 1
                looked = self._look(decision.head)
                still = self.dice.random() < 0.7
                self.facts.append(red(self.now, decision.head) if still else looked)
            case StartAttempt():
                self.now += 30
                self.facts.append(self._tried(decision))
            case PushRepair():
                self.now += 1
                self.facts.append(delivery(decision.commit, seconds=self.now))
            case AskForHelp():
                self.facts.append(
                    HelpAsked(at=after(self.now), reason=decision.ending.reason, message="m")
                )
            case _:
                raise AssertionError(decision)

    def _look(self, head: str) -> ChecksSeen:
        words: list[CheckStatus] = ["pending", "failure", "failure", "failure", "success"]
        named = {name: self.dice.choice(words) for name in ("a", "b") if self.dice.random() < 0.9}
        there = pull("9" * 40) if self.dice.random() < 0.005 else pull(head)
        return seen(self.now, head, at=there, **named)

    def _tried(self, start: StartAttempt) -> RunEvent:
        self.commits += 1
        dice = self.dice.random()
        outcome = failed(retryable=True) if dice < 0.2 else failed("Bad") if dice < 0.25 else None
        done = attempted(
            start.step.name,
            iteration=start.iteration,
            attempt=start.attempt,
            outcome=outcome,
            commit=f"{self.commits:040d}" if outcome is None and dice < 0.95 else None,
        )
        return done.model_copy(update={"repairs": start.repairs})


@pytest.mark.parametrize("seed", range(150))
def test_whatever_happens_it_ends_and_mends_each_commit_once_and_not_too_often(seed: int) -> None:
    dice = random.Random(seed)
    plan = following(fix_attempts=dice.randint(0, 4), timeout_seconds=3600)
    weather = Weather(dice)
    ended = weather.go_through(plan).ending
    assert ended.phase in ("completed", "failed")
    begun = [
        fact.repairs
        for fact in weather.facts
        if fact.kind == "attemptEnded" and fact.repairs is not None and fact.attempt == 1
    ]
    assert len(begun) <= plan.ci.fix_attempts
    assert len(set(begun)) == len(begun)
    reds = [fact.head for fact in weather.facts if fact.kind == "checksRed"]
    assert set(begun) <= set(reds)
    assert len(reds) <= plan.ci.fix_attempts + 1
    pushed = [fact.commit for fact in weather.facts if fact.kind == "workDelivered"]
    assert len(set(pushed)) == len(pushed) <= 1 + len(begun)
