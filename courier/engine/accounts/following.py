"""Following runs as they happen: what changed since the last look, as one stream of moments."""

import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from courier.engine.accounts.happenings import (
    Answered,
    Awaits,
    Began,
    Checked,
    Ended,
    Handed,
    Moment,
    Rests,
    Spoke,
    StepBegan,
    StepEnded,
    Tried,
)
from courier.engine.accounts.retelling import Told, retell
from courier.engine.inflight import Phase, StepKind, StepPhase
from courier.engine.running.question import SIGNAL
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.runs.run.candidates import step_of
from courier.runs.run.events import AttemptEnded, ChecksAwaited, ChecksRed
from courier.runs.steps.approvals import waiting
from courier.runs.steps.parking import REASON, REMEDY
from courier.runs.steps.parking import SIGNAL as SECRET
from courier.runs.steps.progress import Finish, next_step
from courier.runs.usage.budget import SIGNAL as BUDGET
from courier.runs.usage.budget import more_money

__all__ = [
    "Answered",
    "Awaits",
    "Began",
    "Checked",
    "Ended",
    "Handed",
    "Moment",
    "Rests",
    "Spoke",
    "StepBegan",
    "StepEnded",
    "Tried",
    "follow",
]

POLL_SECONDS = 0.1
"""How often a follower looks."""

SETTLING_SECONDS = 1.5
"""How long a run has waited for a person before nothing more is expected of it."""

_ATTEMPT = re.compile(r"(.+)-([0-9]+)\.([0-9]+)/.*")


@dataclass(slots=True)
class _Seen:
    """What was told of one run already."""

    begun: bool = False
    steps: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    rests: set[str] = field(default_factory=set)
    asked: int = 0
    answered: int = 0
    waits_since: datetime | None = None
    lacked: datetime | None = None
    handed: bool = False
    checked: int = 0
    offsets: dict[str, int] = field(default_factory=dict)


async def follow(
    world: World, reader: RunReader, runs: Iterable[str], *, patient: bool = True
) -> AsyncIterator[Moment]:
    """Yield what happens to the runs, from their beginning until all have ended.

    Args:
        world: Where they happen.
        reader: Knows them.
        runs: Their names.
        patient: Whether to stay while nothing is left but runs that wait for people.
    """
    seen = {run: _Seen() for run in runs}
    while seen:
        for run in list(seen):
            await world.transcripts.gather(run)
            told = await retell(world, reader, run)
            if told is not None:
                for moment in _moments(world, told, seen[run]):
                    yield moment
            if told is None or told.state.phase.ended:
                del seen[run]
        if not patient and all(_rests_on_people(world, each) for each in seen.values()):
            return
        if seen:
            await world.clock.sleep(POLL_SECONDS)


def _rests_on_people(world: World, seen: _Seen) -> bool:
    """Return whether a run waits for a person, and no answer is on its way to it."""
    since = seen.waits_since
    return since is not None and (world.clock.now() - since).total_seconds() > SETTLING_SECONDS


def _moments(world: World, told: Told, seen: _Seen) -> Iterator[Moment]:
    run, name = told.run, told.plan.run
    if run.started_at is not None and not seen.begun:
        seen.begun = True
        yield Began(name, run.started_at, told.plan.title)
    for part in (*told.parts, told):
        yield from _done(world, part, seen)
        yield from _rests(part, seen)
    yield from _questions(world, told, seen)
    if run.delivered is not None and not seen.handed:
        seen.handed = True
        yield Handed(name, run.delivered.at, run.delivered)
    yield from _checks(told, seen)
    if told.state.phase.ended:
        yield _end(told)


def _done(world: World, told: Told, seen: _Seen) -> Iterator[Moment]:
    """Yield what happened at the steps of a run, or of one of its candidates."""
    name = told.plan.run
    ended = {_tried(told, one).name: one for one in told.run.attempts}
    for tried, at in _attempts(told):
        if tried.name not in seen.steps:
            seen.steps.add(tried.name)
            yield StepBegan(name, at, tried)
        yield from _spoken(world, name, tried, seen)
        if tried.name in ended and tried.name not in seen.ended:
            seen.ended.add(tried.name)
            yield StepEnded(name, ended[tried.name].ended_at, tried, ended[tried.name])


def _attempts(told: Told) -> Iterator[tuple[Tried, datetime]]:
    """Yield the attempts that were begun, with the moment each was."""
    known = {step.name: step for step in told.plan.steps}
    found: dict[str, tuple[Tried, datetime]] = {}
    for record in told.steps:
        match = _ATTEMPT.fullmatch(record.name)
        if match and match[1] in known and record.kind is not StepKind.SLEEP:
            tried = Tried(known[match[1]], int(match[2]), int(match[3]), told.plan.lane)
            found.setdefault(tried.name, (tried, record.started_at))
    yield from found.values()


def _tried(told: Told, ended: AttemptEnded) -> Tried:
    step = step_of(told.plan, told.run, ended.step)
    return Tried(step, ended.iteration, ended.attempt, told.plan.lane)


def _spoken(world: World, run: str, tried: Tried, seen: _Seen) -> Iterator[Spoke]:
    for key in world.transcripts.attempts(run):
        if not key.startswith((f"{tried.name}-turn-", f"{tried.name}-script-")):
            continue
        offset = seen.offsets.get(key, 0)
        content = world.transcripts.since(run, key, offset=offset)
        seen.offsets[key] = offset + len(content)
        for line in content.splitlines():
            yield Spoke(run, key, json.loads(line))


def _rests(told: Told, seen: _Seen) -> Iterator[Rests]:
    for record in told.steps:
        sleeps = record.kind is StepKind.SLEEP and record.phase is StepPhase.OPEN
        name = f"{told.plan.lane}{record.name}"
        if sleeps and record.until is not None and name not in seen.rests:
            seen.rests.add(name)
            parked = told.run.parked
            reason = f"{parked.reason}: {parked.message}" if parked else "before trying again"
            yield Rests(told.plan.run, record.started_at, record.until, reason)


def _questions(world: World, told: Told, seen: _Seen) -> Iterator[Moment]:
    run, name = told.run, told.plan.run
    asked = waiting(run)
    lacks = run.parked if told.state.step in (BUDGET, SECRET) else None
    is_open = (asked is not None and told.state.step == SIGNAL) or lacks is not None
    seen.waits_since = (seen.waits_since or world.clock.now()) if is_open else None
    for given in run.answered[seen.answered :]:
        yield Answered(name, given.at, given)
    seen.answered = len(run.answered)
    if lacks is not None and lacks.at != seen.lacked:
        seen.lacked = lacks.at
        remedy = REMEDY if lacks.reason == REASON else more_money(lacks.reason)
        yield Awaits(name, lacks.at, f"{lacks.message} {remedy}")
    if asked is not None and lacks is None and is_open and len(run.asked) > seen.asked:
        seen.asked = len(run.asked)
        yield Awaits(name, asked.at, asked.message)


def _checks(told: Told, seen: _Seen) -> Iterator[Checked]:
    facts = [fact for fact in told.facts if isinstance(fact, ChecksAwaited | ChecksRed)]
    for fact in facts[seen.checked :]:
        if isinstance(fact, ChecksAwaited):
            yield Checked(told.plan.run, fact.at, fact.message)
        else:
            red = ", ".join(one.name for one in fact.red)
            yield Checked(told.plan.run, fact.at, f"{fact.head[:10]} is red: {red}", is_red=True)
    seen.checked = len(facts)


def _end(told: Told) -> Ended:
    state = told.state
    at = state.ended_at or state.submitted_at
    result = state.result if isinstance(state.result, dict) else {}
    if "phase" in result:
        decision = next_step(told.plan, told.run)
        message = decision.ending.message if isinstance(decision, Finish) else ""
        phase, reason = str(result["phase"]), str(result["reason"])
        return Ended(told.plan.run, at, phase, reason, message)
    if state.error is not None:
        return Ended(told.plan.run, at, "failed", state.error.type, state.error.message)
    cancelled = state.cancellation if state.phase is Phase.CANCELLED else None
    message = f"by {cancelled.by}: {cancelled.reason}" if cancelled else ""
    return Ended(told.plan.run, at, str(state.phase), str(state.phase).title(), message)
