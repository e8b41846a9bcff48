"""How a turn of Pi ended: its last message, its exit code, its stderr.

The exit code alone says nothing: Pi exits with 0 also when the provider failed.
"""

from dataclasses import dataclass
from typing import Final

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

_MISSING: Final = (
    "Pi is not in the sandbox (no `pi` to run, or no Node.js 22.19 to run it with). Use a template "
    "that holds them, or install @earendil-works/pi-coding-agent and node there."
)


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known when a process is over.

    Attributes:
        settled: Whether Pi said that it would not go on by itself.
        stop: Why the model's last message ended.
        error: The error in it.
        said: The last text the agent wrote.
        answered: Whether the last message holds text.
        lost: The conversation it should have gone on with and did not.
        exit_code: The exit code; None if we stopped the process.
        stderr: What it wrote there.
    """

    settled: bool
    stop: str
    error: str
    said: str
    answered: bool
    lost: str | None
    exit_code: int | None
    stderr: str


def guessed_price(stderr: str) -> bool:
    """Return whether Pi priced a model it does not know like another one."""
    return "Using custom model id" in stderr


def ended(ending: Ending) -> Outcome:
    """Return the outcome, without session and usage."""
    if ending.lost is not None and (ending.stop or "No session found" in ending.stderr):
        told = f"Pi does not know conversation {ending.lost}. Start the step in a new session."
        return _failed(ending, "SessionLost", told)
    if not ending.settled:
        return _unsettled(ending)
    match ending.stop:
        case "error":
            return _faulty(ending, ending.error)
        case "aborted":
            return _failed(ending, "Stopped", "The agent was interrupted.")
        case "length":
            return _failed(ending, "TurnLimit", "The model's answer was cut off at its limit.")
    if not ending.answered:
        return _failed(ending, "EmptyResult", "The agent ended without an answer.", retryable=True)
    return Outcome(
        status="completed", reason="Completed", text=ending.said, exit_code=ending.exit_code
    )


def _unsettled(ending: Ending) -> Outcome:
    code, stderr = ending.exit_code, ending.stderr.strip()[-_STDERR_CHARACTERS:]
    if code is None:
        return _failed(ending, "Stopped", "The agent was stopped.")
    if code in (126, 127) or "Node.js v" in stderr:
        return _failed(ending, "ToolMissing", f"{_MISSING} {stderr}".rstrip())
    if "Unknown option" in stderr:
        return _failed(ending, "ToolMissing", f"Pi in the sandbox has another version: {stderr}")
    if ending.stop == "error" or stderr.startswith("No API key"):
        return _faulty(ending, ending.error or stderr)
    signal = -code if code < 0 else max(0, code - 128)
    how = f"was killed by signal {signal}" if signal else f"exited with {code}"
    told = f"The agent {how} before its turn ended. {stderr}".rstrip()
    return _failed(ending, "Crashed", told, retryable=True)


def _faulty(ending: Ending, told: str) -> Outcome:
    fault = read_fault(told)
    return Outcome(
        status="limited" if fault.reason == "RateLimited" else "failed",
        reason=fault.reason,
        message=f"{told} {_ADVICE.get(fault.reason, '')}".strip() or "The agent failed silently.",
        text=ending.said,
        exit_code=ending.exit_code,
        retryable=fault.retryable,
        retry_at=fault.retry_at,
    )


def _failed(ending: Ending, reason: str, message: str, *, retryable: bool = False) -> Outcome:
    return Outcome(
        status="failed",
        reason=reason,
        message=message,
        text=ending.said,
        exit_code=ending.exit_code,
        retryable=retryable,
    )
