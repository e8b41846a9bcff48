"""How a turn of Codex ended: its last turn event, its last error, its exit code, its stderr."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from courier.runs.providerfault import read_fault
from courier.runs.transcript import Outcome

_STDERR_CHARACTERS: Final = 2_000

_TRY_AGAIN: Final = re.compile(
    r"try again at ([A-Z][a-z]{2}) (\d{1,2})(?:st|nd|rd|th), (\d{4}) (\d{1,2}:\d{2} [AP]M)"
)

_ADVICE: Final = {
    "BadKey": "Give the sandbox a valid OPENAI_API_KEY or CODEX_API_KEY.",
    "NoCredit": "Add credit to the provider's account.",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known when a process is over.

    Attributes:
        end: ``completed``, ``failed`` or nothing, by the last turn event.
        error: The last error it told.
        waiting: Why it was about to call the provider again.
        said: The last text the agent wrote.
        answered: Whether it wrote it after its last tool call.
        lost: The conversation it should have gone on with and did not.
        exit_code: The exit code; None if we stopped the process.
        stderr: What it wrote there.
    """

    end: str
    error: str
    waiting: str
    said: str
    answered: bool
    lost: str | None
    exit_code: int | None
    stderr: str


def ended(ending: Ending) -> Outcome:
    """Return the outcome, without session and usage."""
    if ending.lost is not None and (ending.end or "resume" in ending.stderr):
        told = f"Codex does not know conversation {ending.lost}. Start the step in a new session."
        return _failed(ending, "SessionLost", told)
    if ending.end == "failed":
        return _faulty(ending, ending.error)
    if ending.end != "completed":
        return _without_end(ending)
    if not ending.answered:
        return _failed(ending, "EmptyResult", "The agent ended without an answer.", retryable=True)
    return Outcome(
        status="completed", reason="Completed", text=ending.said, exit_code=ending.exit_code
    )


def _faulty(ending: Ending, told: str) -> Outcome:
    fault = read_fault(told)
    advice = _ADVICE.get(fault.reason, "")
    return Outcome(
        status="limited" if fault.reason == "RateLimited" else "failed",
        reason=fault.reason,
        message=f"{told} {advice}".strip() or "The agent failed without a word.",
        text=ending.said,
        exit_code=ending.exit_code,
        retryable=fault.retryable,
        retry_at=fault.retry_at or _try_again_at(told),
    )


def _without_end(ending: Ending) -> Outcome:
    code, stderr = ending.exit_code, ending.stderr.strip()[-_STDERR_CHARACTERS:]
    if code is None:
        return _failed(ending, "Stopped", "The agent was stopped.")
    if code in (126, 127):
        return _failed(
            ending,
            "ToolMissing",
            "Codex is not in the sandbox (no `codex` to run). Use a template that holds it, or "
            f"install @openai/codex there. {stderr}".rstrip(),
        )
    if stderr.startswith("error: unexpected argument"):
        return _failed(ending, "ToolMissing", f"Codex in the sandbox has another version: {stderr}")
    if ending.waiting:
        return _faulty(ending, ending.waiting)
    if "input_too_large" in stderr:
        return _failed(ending, "PromptTooLong", stderr)
    signal = -code if code < 0 else max(0, code - 128)
    how = f"was killed by signal {signal}" if signal else f"exited with {code}"
    return _failed(
        ending,
        "Crashed",
        f"The agent {how} before its turn ended. {ending.error or stderr}".rstrip(),
        retryable=True,
    )


def _try_again_at(told: str) -> datetime | None:
    found = _TRY_AGAIN.search(told)
    if found is None:
        return None
    try:
        return datetime.strptime(" ".join((*found.groups(), "+0000")), "%b %d %Y %I:%M %p %z")
    except ValueError:
        return None


def _failed(ending: Ending, reason: str, message: str, *, retryable: bool = False) -> Outcome:
    return Outcome(
        status="failed",
        reason=reason,
        message=message,
        text=ending.said,
        exit_code=ending.exit_code,
        retryable=retryable,
    )
