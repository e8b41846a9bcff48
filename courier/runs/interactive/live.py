"""One sandbox, folded from its facts."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import Literal, assert_never

from courier.runs.interactive.facts import (
    Answered,
    Began,
    Extended,
    Fact,
    Froze,
    Gone,
    Leaves,
    Opened,
    Parted,
    Requested,
    Saved,
    Thawed,
    Took,
    Wished,
)
from courier.runs.interactive.frozen import DesiredState, GivenMessage
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.run.events import Refusal
from courier.runs.transcripts.transcript import Outcome
from courier.runs.usage.usage import Usage

State = Literal["creating", "running", "paused", "killed", "error"]
"""Where a sandbox is in its life."""

LIVE: frozenset[State] = frozenset({"creating", "running", "paused"})
"""The states in which there is, or will be, a machine."""

EDGES: frozenset[tuple[State, State]] = frozenset(
    {
        ("creating", "running"),
        ("running", "paused"),
        ("paused", "running"),
        ("creating", "killed"),
        ("running", "killed"),
        ("paused", "killed"),
        ("creating", "error"),
        ("running", "error"),
        ("paused", "error"),
    }
)
"""Every way from one state to another."""

_BROKEN = frozenset({"SandboxLost", "CannotOpen"})

Status = Literal["queued", "streaming", "completed", "error"]
"""Where a message is: queued until its turn comes."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message and what the agent made of it.

    Attributes:
        turn: The turn that answers it, from 1; 0 before it began.
        began_at: When the agent began.
        outcome: How the turn ended; None before.
        again: Whether the conversation was lost and it starts a new one.
    """

    given: GivenMessage
    at: datetime
    status: Status = "queued"
    turn: int = 0
    began_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    again: bool = False

    @property
    def usage(self) -> Usage:
        """Return what the agent used for it."""
        return self.outcome.usage if self.outcome else Usage()


@dataclass(frozen=True, slots=True)
class LiveSandbox:
    """What is true of a sandbox after the facts so far.

    Attributes:
        wish: What it should be by the last word about it.
        declared: The document's desired state that was obeyed last.
        fault: Why a wish could not be carried out.
        active_at: When something last happened in it; its time runs from then.
        work: The newest commit that passed the gate.
        refusal: Why the gate refused what came after that.
        parts: What is done of going.
        seconds: How long its machine ran, up to ``running_since``.
        known: Ids of the words it was told.
    """

    state: State = "creating"
    requested_at: datetime | None = None
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    sandbox: str | None = None
    wish: Literal["running", "paused"] = "running"
    declared: DesiredState | None = None
    fault: str = ""
    active_at: datetime | None = None
    messages: tuple[Message, ...] = ()
    work: str | None = None
    files: tuple[str, ...] = ()
    refusal: Refusal | None = None
    leaves: Leaves | None = None
    parts: tuple[Parted, ...] = ()
    seconds: float = 0.0
    running_since: datetime | None = None
    known: frozenset[str] = field(default_factory=frozenset)

    @property
    def session(self) -> str | None:
        """Return the conversation the next message goes on with."""
        ended = [one for one in self.messages if one.outcome is not None]
        if not ended or ended[-1].outcome is None:
            return None
        lost = ended[-1].outcome.reason == "SessionLost"
        told = (one.outcome.session for one in reversed(ended) if one.outcome)
        return None if lost else next((session for session in told if session), None)

    @property
    def used(self) -> Usage:
        """Return what all answers used, the machine apart."""
        return sum((message.usage for message in self.messages), Usage())

    @property
    def branch(self) -> str | None:
        """Return where its work was pushed."""
        return next((part.branch for part in self.parts if part.branch), None)

    @property
    def pull_request(self) -> PullRequest | None:
        """Return what its work was proposed as."""
        return next((part.pull_request for part in self.parts if part.pull_request), None)

    @property
    def transcript(self) -> str | None:
        """Return the blob id of the transcript that was kept."""
        return next((part.transcript for part in self.parts if part.transcript), None)

    def used_in(self, session: str | None) -> Usage:
        """Return what a conversation used so far."""
        turns = (one.outcome for one in self.messages if one.outcome and session)
        return sum((turn.usage for turn in turns if turn.session == session), Usage())


def fold(facts: Iterable[Fact]) -> LiveSandbox:
    """Return the sandbox after these facts, which must be in the order they happened."""
    return reduce(after, facts, LiveSandbox())


def after(live: LiveSandbox, fact: Fact) -> LiveSandbox:
    """Return the sandbox after one more fact."""
    match fact:
        case Took() | Began() | Answered():
            return _after_message(live, fact)
        case Leaves() | Parted() | Gone():
            return _after_leaving(live, fact)
        case Saved():
            return _after_saving(live, fact)
        case Wished():
            declared = fact.declared or live.declared
            return replace(
                live,
                wish=fact.state,
                declared=declared,
                active_at=fact.at,
                fault=fact.fault,
                known=live.known | ({fact.id} if fact.id else set()),
            )
        case Extended():
            return replace(live, active_at=fact.at)
        case Requested() | Opened() | Froze() | Thawed():
            return _after_move(live, fact)
        case _:
            assert_never(fact)


def _after_saving(live: LiveSandbox, fact: Saved) -> LiveSandbox:
    if fact.refusal is not None:
        return replace(live, refusal=fact.refusal)
    return replace(live, work=fact.commit, files=fact.files, refusal=None)


def _after_move(live: LiveSandbox, fact: Requested | Opened | Froze | Thawed) -> LiveSandbox:
    match fact:
        case Requested():
            return replace(live, requested_at=fact.at)
        case Opened():
            return replace(
                live,
                state="running",
                sandbox=fact.sandbox,
                opened_at=fact.at,
                active_at=fact.at,
                running_since=fact.at,
            )
        case Froze():
            return replace(_stopped(live, fact.at), state="paused")
        case Thawed():
            return replace(live, state="running", active_at=fact.at, running_since=fact.at)
        case _:
            assert_never(fact)


def _after_message(live: LiveSandbox, fact: Took | Began | Answered) -> LiveSandbox:
    live = replace(live, active_at=fact.at)
    if isinstance(fact, Took):
        taken = Message(fact.message, fact.at)
        return replace(live, messages=(*live.messages, taken), known=live.known | {fact.message.id})
    messages = tuple(
        _told(message, fact) if message.given.id == fact.message else message
        for message in live.messages
    )
    return replace(live, messages=messages)


def _told(message: Message, fact: Began | Answered) -> Message:
    if isinstance(fact, Began):
        return replace(
            message, status="streaming", turn=fact.turn, began_at=fact.at, again=fact.again
        )
    done = fact.outcome.status == "completed"
    status: Status = "completed" if done else "error"
    return replace(message, status=status, outcome=fact.outcome, ended_at=fact.at)


def _after_leaving(live: LiveSandbox, fact: Leaves | Parted | Gone) -> LiveSandbox:
    match fact:
        case Leaves():
            broken = fact.reason in _BROKEN
            # What it leaves for first counts, save that a machine that is not there was lost.
            if live.leaves is not None and not broken:
                return live
            state: State = "error" if broken else live.state
            return replace(live, leaves=fact, state=state)
        case Parted():
            stopped = _stopped(live, fact.at) if fact.part == "destroy" else live
            return replace(stopped, parts=(*live.parts, fact))
        case Gone():
            state = live.state if live.state == "error" else "killed"
            return replace(_stopped(live, fact.at), state=state, ended_at=fact.at)
        case _:
            assert_never(fact)


def _stopped(live: LiveSandbox, at: datetime) -> LiveSandbox:
    if live.running_since is None:
        return live
    ran = (at - live.running_since).total_seconds()
    return replace(live, seconds=live.seconds + ran, running_since=None)
