"""Normalised agent events, and how an attempt ended."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from courier.resources.model import Model
from courier.runs.usage.usage import Usage


class SessionStarted(Model):
    """The agent named its conversation."""

    kind: Literal["session"] = "session"
    session: str
    model: str | None = None


class TextWritten(Model):
    """The agent said something."""

    kind: Literal["text"] = "text"
    text: str


class ThoughtWritten(Model):
    """The agent thought aloud."""

    kind: Literal["thought"] = "thought"
    text: str


class ToolCalled(Model):
    """The agent called a tool; `input` is a short readable form of its arguments."""

    kind: Literal["toolCall"] = "toolCall"
    id: str
    tool: str
    input: str


class ToolReturned(Model):
    """A tool answered."""

    kind: Literal["toolResult"] = "toolResult"
    id: str
    output: str
    is_error: bool = False


class OutputWritten(Model):
    """One line a deterministic command printed."""

    kind: Literal["output"] = "output"
    text: str


class RetryNoticed(Model):
    """The CLI retries a model call by itself."""

    kind: Literal["retry"] = "retry"
    reason: str
    delay_seconds: float = 0.0


class UsageReported(Model):
    """Usage to *add* to what this process reported so far."""

    kind: Literal["usage"] = "usage"
    usage: Usage


class ErrorReported(Model):
    """The CLI reported an error; the outcome decides what it meant."""

    kind: Literal["error"] = "error"
    message: str


AgentEvent = Annotated[
    SessionStarted
    | TextWritten
    | ThoughtWritten
    | ToolCalled
    | ToolReturned
    | OutputWritten
    | RetryNoticed
    | UsageReported
    | ErrorReported,
    Field(discriminator="kind"),
]
"""One normalised agent event."""

AGENT_EVENT: TypeAdapter[AgentEvent] = TypeAdapter(AgentEvent)
"""Reads and writes one event as JSON."""


class Outcome(Model):
    """How one turn of an agent ended, decided from events and exit code together."""

    status: Literal["completed", "failed", "limited"]
    """completed: it did its turn; failed: it did not; limited: a provider limit, see retry_at."""
    reason: str
    """A stable PascalCase word: Completed, CommandFailed, BadKey, NoCredit, RateLimited,
    Overloaded, Unreachable, UnknownModel, PromptTooLong, Crashed, Refused, EmptyResult,
    BudgetExceeded, TurnLimit, TimedOut, Idle, Stopped, SessionLost, ToolMissing,
    ScriptFailed."""
    message: str = ""
    """For people: what happened."""
    text: str = ""
    """The agent's final message; for the shell agent the tail of its output."""
    session: str | None = None
    """The conversation to continue, where the agent has one."""
    model: str | None = None
    """The model it said it uses, where it says so."""
    exit_code: int | None = None
    """The process's exit code; null if it was stopped by us."""
    retryable: bool = False
    """Whether the same turn may succeed later without anyone changing anything."""
    retry_at: datetime | None = None
    """When a limit ends, where the agent said so."""
    usage: Usage = Usage()
    """The sum of what was reported."""
