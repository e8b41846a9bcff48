"""Following checks: what a run does next whose work was pushed and proposed.

Red checks are mended at most as often as the plan allows, each red commit at most once, and only
after a second look found them red still. Whoever pushes to the branch besides takes it over.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from courier.runs.pullrequests.cadence import on_beat, pause_after
from courier.runs.pullrequests.checks import Checks
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.run.candidates import step_of
from courier.runs.run.events import AttemptEnded, ChecksRed, ChecksSeen, WorkDelivered
from courier.runs.run.following import FrozenCi
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.run.loops import entries
from courier.runs.run.run import Run
from courier.runs.steps.acts import (
    Act,
    AskForHelp,
    AwaitChecks,
    Finish,
    GatherRed,
    PushRepair,
    StartAttempt,
)
from courier.runs.steps.approvals import DELIVERY, held_at, overrule
from courier.runs.steps.ending import Ending, ending_of, is_spent, spent
from courier.runs.steps.shortage import wait_for_money
from courier.runs.steps.trying import tried_again

RED: Final = "ChecksRed"
"""Why a run ends whose checks stay red."""

LATE: Final = "ChecksTimeout"
"""Why it ends when they did not end in time."""

TAKEN: Final = "TakenOver"
"""Why it ends when somebody else pushed to its branch."""

LABEL: Final = "needs-human"
"""What a pull request is marked with that people must take over."""

_UNHEARD: Final = 8
_DONE: Final = Ending("completed", "Completed")


@dataclass(frozen=True, slots=True)
class _Delivery:
    """What was delivered last, as far as it has checks.

    Attributes:
        head: The commit.
        pull: Its pull request, as last seen.
        at: When it was delivered.
    """

    head: str
    pull: PullRequest
    at: datetime


def follow(plan: FrozenPlan, run: Run) -> Act | Finish:
    """Return what a run does next that delivered its work."""
    base, last = ending_of(plan, run), _delivery(plan, run)
    if last is None or run.cancelled is not None:
        return Finish(base)
    if base.phase != "completed" and not run.ci.reds:
        return Finish(base)
    if (over := _over(plan, run, last)) is not None:
        return Finish(base if over == _DONE else over)
    refusal = run.delivered.refusal if run.delivered is not None else None
    if refusal is not None:
        # What was delivered first has gone out; only its repair was declined.
        return AskForHelp(last.pull.number, Ending("failed", refusal.code, refusal.message))
    if run.ci.red is not None:
        return _mend(plan, run, last, run.ci.red)
    return _watch(plan, run, last)


def looks_like_waiting(ci: FrozenCi, checks: Checks) -> str:
    """Return what is waited for, in a sentence."""
    commit = checks.head[:10]
    awaited = checks.awaited(ci.required)
    if red := checks.red(ci.required):
        told = ", ".join(one.name for one in red)
        return f"Checks of {commit} are red: {told}."
    if awaited:
        return f"Waits for checks of {commit}: {', '.join(awaited)}."
    return f"Waits for checks of {commit} to begin."


def keeps_resting(plan: FrozenPlan, run: Run) -> bool:
    """Return whether the conversation of who did the work may be needed once more."""
    ci = plan.ci
    return ci.wait and plan.candidate is None and len(run.ci.reds) < ci.fix_attempts


def repairer(plan: FrozenPlan, run: Run) -> tuple[FrozenStep, AttemptEnded] | None:
    """Return the step that last changed something, and its attempt that did."""
    won = run.winner.attempts if run.winner else ()
    changed = [tried for tried in (*won, *run.attempts) if tried.commit is not None]
    return (step_of(plan, run, changed[-1].step), changed[-1]) if changed else None


def _delivery(plan: FrozenPlan, run: Run) -> _Delivery | None:
    """Return what is followed; None where nothing is."""
    told: WorkDelivered | None = run.delivered
    if not plan.ci.wait or plan.candidate is not None or told is None:
        return None
    pull, head = told.pull_request, run.ci.head or told.commit
    if pull is None or not pull.number or head is None:
        return None
    return _Delivery(head, run.ci.seen.pull_request if run.ci.seen else pull, told.at)


def _over(plan: FrozenPlan, run: Run, last: _Delivery) -> Ending | None:
    """Return how following ends; None while it goes on."""
    known, ci = run.ci, plan.ci
    if known.helped is not None:
        return Ending("failed", known.helped.reason, known.helped.message)
    if last.pull.status != "created":
        return _DONE
    seen = known.seen
    if seen is None or known.red is not None:
        return _taken(plan, run, last) if seen is not None else None
    if taken := _taken(plan, run, last):
        return taken
    overall = seen.checks.overall(ci.required)
    unheard = overall == "none" and seen.at - last.at >= _paces(ci, _UNHEARD)
    return _DONE if overall == "success" or unheard else None


def _taken(plan: FrozenPlan, run: Run, last: _Delivery) -> Ending | None:
    # For a while a forge may tell of a head from before the last push.
    if last.pull.head in (*run.ci.pushed, plan.git.base_commit):
        return None
    told = (
        f"Somebody pushed to {last.pull.branch}, which is at {last.pull.head[:10]} now; courier "
        "leaves the branch and its checks to them."
    )
    return Ending("completed", TAKEN, told)


def _watch(plan: FrozenPlan, run: Run, last: _Delivery) -> Act | Finish:
    ci, seen = plan.ci, run.ci.seen
    if seen is None:
        return _await(plan, run, last, since=last.at)
    late = seen.at - last.at >= timedelta(seconds=ci.timeout_seconds)
    if not is_red(ci, seen.checks, late=late):
        return Finish(_too_late(ci, seen)) if late else _await(plan, run, last, since=seen.at)
    since = run.ci.since or seen.at
    if seen.at - since < _paces(ci, 1):
        return _await(plan, run, last, since=since, soon=True)
    return GatherRed(last.head, last.pull.number, late)


def is_red(ci: FrozenCi, checks: Checks, *, late: bool) -> bool:
    """Return whether checks are red and nothing is waited for that might tell more."""
    red = checks.overall(ci.required) == "failure"
    return red and (late or not checks.awaited(ci.required))


def _too_late(ci: FrozenCi, seen: ChecksSeen) -> Ending:
    awaited = ", ".join(seen.checks.awaited(ci.required)) or "none was reported"
    minutes = ci.timeout_seconds / 60
    told = f"Checks of {seen.checks.head[:10]} did not end within {minutes:g} minutes: {awaited}."
    return Ending("failed", LATE, told)


def _await(
    plan: FrozenPlan, run: Run, last: _Delivery, *, since: datetime, soon: bool = False
) -> AwaitChecks:
    """Return the next look; ``soon`` is one that no hint may make too early to tell anything."""
    seen = run.ci.seen
    checks = seen.checks if seen else Checks(head=last.head, last_polled=since)
    return AwaitChecks(
        last.head,
        last.pull.number,
        until=next_look(plan.ci, delivered=last.at, since=since, soon=soon),
        message=looks_like_waiting(plan.ci, checks),
        begins=run.ci.awaited != last.head,
    )


def next_look(
    ci: FrozenCi, *, delivered: datetime, since: datetime, soon: bool = False
) -> datetime:
    """Return when checks are looked at again: on a beat all runs share, so that one asks for many.

    Args:
        ci: Sets the pace.
        delivered: When the commit was pushed; the longer ago, the longer the pauses.
        since: When they were looked at last.
        soon: Whether it is the second look at red checks.
    """
    pace = _paces(ci, 1)
    if soon:
        return on_beat(since + pace, pace)
    pause = pause_after(since - delivered, pace=pace)
    return on_beat(since + pause * 0.5, pause)


def _paces(ci: FrozenCi, number: int) -> timedelta:
    return timedelta(seconds=ci.pace_seconds * number)


def _mend(plan: FrozenPlan, run: Run, last: _Delivery, red: ChecksRed) -> Act | Finish:
    tries = [tried for tried in run.attempts if tried.repairs == red.head]
    if run.declined is not None:
        ending = Ending("failed", "ApprovalRejected", "The repair was not approved.")
        return AskForHelp(last.pull.number, ending)
    if run.short is not None:
        return _unpaid(plan, run, last, Ending("failed", run.short.reason, run.short.message))
    if not tries:
        return _begin(plan, run, last, red)
    again = tried_again(plan, run, tries[-1])
    if isinstance(again, StartAttempt) and is_spent(plan, run):
        return _unpaid(plan, run, last, spent(plan, run))
    return again or _mended(plan, run, last, tries[-1])


def _begin(plan: FrozenPlan, run: Run, last: _Delivery, red: ChecksRed) -> Act | Finish:
    """Return the first try to mend a red commit, unless there were enough."""
    who = repairer(plan, run)
    if len(run.ci.reds) > plan.ci.fix_attempts or who is None:
        return AskForHelp(last.pull.number, Ending("failed", RED, _tried(plan, run, red)))
    if is_spent(plan, run):
        return _unpaid(plan, run, last, spent(plan, run))
    step, before = who
    return StartAttempt(
        step,
        entries(run, step) + 1,
        1,
        base=red.head,
        paused=before.resting,
        repairs=red.head,
    )


def _mended(plan: FrozenPlan, run: Run, last: _Delivery, tried: AttemptEnded) -> Act | Finish:
    if (overruling := overrule(run, tried)) is not None:
        return overruling
    outcome = tried.outcome
    if tried.refusal is not None and tried.commit is None:
        ending = Ending("failed", tried.refusal.code, tried.refusal.message)
        return AskForHelp(last.pull.number, ending)
    if outcome.status != "completed":
        return _unpaid(plan, run, last, Ending("failed", outcome.reason, outcome.message))
    if run.work is None or run.work == last.head:
        told = f"Checks of {last.head[:10]} are red, and the attempt to mend them changed nothing."
        return AskForHelp(last.pull.number, Ending("failed", RED, told))
    held = held_at(plan, run, before=DELIVERY)
    return held or PushRepair(run.work, onto=last.head, draft=plan.delivery.draft)


def _unpaid(plan: FrozenPlan, run: Run, last: _Delivery, ending: Ending) -> Act:
    return wait_for_money(plan, run, ending) or AskForHelp(last.pull.number, ending)


def _tried(plan: FrozenPlan, run: Run, red: ChecksRed) -> str:
    names = ", ".join(one.name for one in red.red)
    told = f"Checks of {red.head[:10]} are red: {names}."
    if not plan.ci.fix_attempts:
        return told
    times = len(run.ci.reds) - 1
    often = "once" if times == 1 else f"{times} times"
    return f"{told} An agent tried {often} to mend them, which is all that is allowed."
