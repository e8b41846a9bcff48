"""The next move of a sandbox: one pure decision from its frozen value and its facts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never

from courier.runs.interactive.facts import (
    Answered,
    Extended,
    Fact,
    Leaves,
    PartName,
    Took,
    Wished,
)
from courier.runs.interactive.frozen import SandboxPlan, Word
from courier.runs.interactive.live import LiveSandbox, Message

LONGEST_LEAD = timedelta(seconds=60)
"""How long before a sandbox's time is up its work is taken out; a quarter of a short time."""

ORDER: tuple[PartName, ...] = ("stop", "rescue", "push", "propose", "destroy", "keep")
"""The parts of going, in the order they are done."""


@dataclass(frozen=True, slots=True)
class Open:
    """Make the machine and put the repository in it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Let the agent answer a message, or go on answering it; ``by`` is when it is stopped."""

    message: Message
    by: datetime


@dataclass(frozen=True, slots=True)
class Freeze:
    """Pause it."""


@dataclass(frozen=True, slots=True)
class Thaw:
    """Let it go on."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Wait to be told something; ``until`` is when its time is up, None while it is paused."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Part:
    """Do one part of going."""

    part: PartName


@dataclass(frozen=True, slots=True)
class End:
    """Nothing is left to do."""


Move: TypeAlias = Open | Answer | Freeze | Thaw | Rest | Part | End
"""What whoever keeps a sandbox does next."""


def next_move(plan: SandboxPlan, live: LiveSandbox) -> Move:
    """Return what is to be done next."""
    if live.leaves is not None:
        return _going(live)
    if live.state == "creating":
        return Open()
    if live.state == "paused":
        return Rest(None) if live.wish == "paused" else Thaw()
    if live.wish == "paused":
        return Freeze()
    deadline = strikes_at(plan, live)
    message = waiting(live)
    return Rest(deadline) if message is None else Answer(message, by=deadline)


def waiting(live: LiveSandbox) -> Message | None:
    """Return the message that is being answered, or else the first in line."""
    open_ones = (one for one in live.messages if one.status in ("streaming", "queued"))
    return next(open_ones, None)


def strikes_at(plan: SandboxPlan, live: LiveSandbox) -> datetime:
    """Return when its work is taken out because its time is nearly up."""
    lives = timedelta(seconds=plan.lives_seconds)
    start = live.active_at or live.opened_at
    assert start is not None  # noqa: S101 - asked only once it is open
    return start + lives - min(LONGEST_LEAD, lives / 4)


def heard(live: LiveSandbox, word: Word, *, at: datetime) -> tuple[Fact, ...]:
    """Return the facts a word makes; one that was heard before makes none."""
    if word.id in live.known:
        return ()
    match word.do:
        case "send":
            given = word.message
            known = given is None or given.id in live.known
            return () if known or given is None else (Took(at, given),)
        case "pause" | "resume":
            state: Literal["running", "paused"] = "paused" if word.do == "pause" else "running"
            return (Wished(at, state, by=word.by, declared=word.declared, id=word.id),)
        case "extend":
            return (Extended(at),)
        case _:
            assert_never(word.do)


def follows(answered: Answered) -> tuple[Fact, ...]:
    """Return what an answer means for the sandbox besides itself."""
    reason = answered.outcome.reason
    if reason == "SandboxLost":
        message = answered.outcome.message or "The machine is gone."
        return (Leaves(answered.at, "SandboxLost", message),)
    if reason == "TimedOut":
        return (Leaves(answered.at, "TimedOut", "Its time was up while the agent worked."),)
    return ()


def _going(live: LiveSandbox) -> Move:
    if live.ended_at is not None:
        return End()
    done = {part.part for part in live.parts}
    left = (part for part in ORDER if part not in done and _is_due(live, part))
    part = next(left, None)
    return End() if part is None else Part(part)


def _is_due(live: LiveSandbox, part: PartName) -> bool:
    """Return whether a part has anything to do."""
    match part:
        case "stop":
            streaming = any(one.status == "streaming" for one in live.messages)
            return streaming and live.state != "error"
        case "rescue":
            return live.sandbox is not None and live.state != "error"
        case "push":
            return live.work is not None
        case "propose":
            return live.branch is not None
        case "destroy" | "keep":
            return True
        case _:
            assert_never(part)
