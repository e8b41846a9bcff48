"""How a turn of OpenCode ended: its last step, its last error, its exit code, its stderr.

There is no event for the end: the last step's reason says whether the turn was over.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from courier.runs.fields import moment
from courier.runs.providerfault import read_fault
from courier.runs.transcript import Outcome

_STDERR_CHARACTERS: Final = 2_000

_ADVICE: Final = {
    "BadKey": (
        "Give the sandbox a valid ANTHROPIC_API_KEY, OPENAI_API_KEY or OPENROUTER_API_KEY, "
        "as the model's provider needs."
    ),
    "NoCredit": "Add credit to the provider's account.",
}

_NAMES: Final = {
    "ProviderAuthError": "BadKey",
    "ContextOverflowError": "PromptTooLong",
    "MessageOutputLengthError": "TurnLimit",
    "MessageAbortedError": "Stopped",
}
"""What OpenCode's own names of errors mean."""

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as OpenCode told it.

    Attributes:
        name: OpenCode's name of it.
        message: Its words.
        status: The HTTP status; 0 where there is none.
        retry_after: Seconds to wait, as the provider wrote them.
        body: What the provider answered.
        told_at: When, in seconds since 1970.
    """

    name: str
    message: str
    status: int
    retry_after: str
    body: str
    told_at: float


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known when a process is over.

    Attributes:
        finish: Why the last step ended; nothing while a step is going on.
        failure: The error after it, if any.
        said: The last text the agent wrote.
        answered: Whether it wrote it in the last step.
        lost: The conversation it should have gone on with and did not.
        exit_code: The exit code; None if we stopped the process.
        stderr: What it wrote there.
    """

    finish: str
    failure: Failure | None
    said: str
    answered: bool
    lost: str | None
    exit_code: int | None
    stderr: str


def ended(ending: Ending) -> Outcome:
    """Return the outcome, without session and usage."""
    if ending.lost is not None and (ending.finish or "Session not found" in ending.stderr):
        told = f"OpenCode does not know conversation {ending.lost}. Start the step in a new one."
        return _failed(ending, "SessionLost", told)
    if ending.failure is not None:
        return _faulty(ending, ending.failure)
    match ending.finish:
        case "stop" if ending.answered:
            return Outcome(
                status="completed", reason="Completed", text=ending.said, exit_code=ending.exit_code
            )
        case "stop":
            told = "The agent ended without an answer."
            return _failed(ending, "EmptyResult", told, retryable=True)
        case "length":
            return _failed(ending, "TurnLimit", "The model's answer was cut off at its limit.")
        case "content-filter":
            return _failed(ending, "Refused", "The provider refused to go on.")
    return _without_end(ending)


def _faulty(ending: Ending, failure: Failure) -> Outcome:
    fault = read_fault(f"{failure.message} {failure.body}", status=failure.status)
    reason = _NAMES.get(failure.name, fault.reason)
    return Outcome(
        status="limited" if reason == "RateLimited" else "failed",
        reason=reason,
        message=f"{failure.message} {_ADVICE.get(reason, '')}".strip() or "The agent failed.",
        text=ending.said,
        exit_code=ending.exit_code,
        retryable=fault.retryable and reason == fault.reason,
        retry_at=fault.retry_at or _retry_at(failure),
    )


def _retry_at(failure: Failure) -> datetime | None:
    after = failure.retry_after
    return moment(failure.told_at + int(after)) if re.fullmatch(r"\d{1,7}", after) else None


def _without_end(ending: Ending) -> Outcome:
    code = ending.exit_code
    stderr = _COLOUR.sub("", ending.stderr).strip()[-_STDERR_CHARACTERS:]
    if code is None:
        return _failed(ending, "Stopped", "The agent was stopped.")
    if code in (126, 127):
        return _failed(
            ending,
            "ToolMissing",
            "OpenCode is not in the sandbox (no `opencode` to run). Use a template that holds it, "
            f"or install opencode-ai there. {stderr}".rstrip(),
        )
    if "opencode run [message..]" in ending.stderr:
        return _failed(
            ending, "ToolMissing", "OpenCode in the sandbox has another version: it shows its help."
        )
    signal = -code if code < 0 else max(0, code - 128)
    how = f"was killed by signal {signal}" if signal else f"exited with {code}"
    told = f"The agent {how} before its turn ended. {stderr}".rstrip()
    return _failed(ending, "Crashed", told, retryable=True)


def _failed(ending: Ending, reason: str, message: str, *, retryable: bool = False) -> Outcome:
    return Outcome(
        status="failed",
        reason=reason,
        message=message,
        text=ending.said,
        exit_code=ending.exit_code,
        retryable=retryable,
    )
