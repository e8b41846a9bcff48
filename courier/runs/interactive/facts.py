"""The facts of one sandbox, in the order they happened; everything else is folded from them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from courier.runs.interactive.frozen import DesiredState, GivenMessage
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.run.events import Refusal
from courier.runs.transcripts.transcript import Outcome

PartName = Literal["stop", "rescue", "push", "propose", "destroy", "keep"]
"""What is done, in this order, when a sandbox goes: its agent is stopped, its work taken out,
pushed and proposed, the machine destroyed, the transcript kept."""

LeavingReason = Literal["Killed", "TimedOut", "SandboxLost", "CannotOpen"]
"""Why a sandbox goes; the last two are errors."""


@dataclass(frozen=True, slots=True)
class Requested:
    """It was asked for."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """Its machine stands and the repository is in it."""

    at: datetime
    sandbox: str


@dataclass(frozen=True, slots=True)
class Took:
    """Somebody said something to its agent."""

    at: datetime
    message: GivenMessage


@dataclass(frozen=True, slots=True)
class Began:
    """The agent began to answer; ``again`` where its conversation was lost and it starts over."""

    at: datetime
    message: str
    turn: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The agent's turn ended, however it ended."""

    at: datetime
    message: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Saved:
    """The work so far is past the gate, or was refused by it."""

    at: datetime
    commit: str | None = None
    files: tuple[str, ...] = ()
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Wished:
    """Somebody wants it to be running or paused; ``declared`` where a document does.

    With a ``fault`` nobody wishes it: it stays as it is because it could not be changed.
    """

    at: datetime
    state: Literal["running", "paused"]
    by: str = ""
    declared: DesiredState | None = None
    fault: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Froze:
    """It is paused, memory included."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Thawed:
    """It goes on where it was paused."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Extended:
    """Somebody is in it."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Leaves:
    """It goes, and why."""

    at: datetime
    reason: LeavingReason
    message: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Parted:
    """One part of going is done; ``fault`` says what did not work, and the next part follows."""

    at: datetime
    part: PartName
    fault: str = ""
    branch: str | None = None
    pull_request: PullRequest | None = None
    transcript: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """All of going is done."""

    at: datetime


Fact: TypeAlias = (
    Requested
    | Opened
    | Took
    | Began
    | Answered
    | Saved
    | Wished
    | Froze
    | Thawed
    | Extended
    | Leaves
    | Parted
    | Gone
)
"""One fact."""
