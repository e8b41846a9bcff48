"""How a turn of a described agent ended: its last words, its last error, its exit code."""

from dataclasses import dataclass
from typing import Final

from courier.runs.providerfault import read_fault
from courier.runs.transcript import Outcome

_STDERR_CHARACTERS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known when a process is over.

    Attributes:
        agent: The agent's name.
        program: What its command starts.
        said: What it said last.
        error: The last error it told, unless it said something after it.
        exit_code: The exit code; None if we stopped the process.
        stderr: What it wrote there.
    """

    agent: str
    program: str
    said: str
    error: str
    exit_code: int | None
    stderr: str


def ended(ending: Ending) -> Outcome:
    """Return the outcome, without session and usage."""
    code = ending.exit_code
    if code is None:
        return _failed(ending, "Stopped", "The agent was stopped.")
    if code in (126, 127) and not ending.error:
        return _unstarted(ending)
    if code == 0 and not ending.error:
        return _finished(ending)
    return _faulty(ending, code)


def _finished(ending: Ending) -> Outcome:
    if not ending.said.strip():
        return _failed(ending, "EmptyResult", "The agent ended without an answer.", retryable=True)
    return Outcome(status="completed", reason="Completed", text=ending.said, exit_code=0)


def _unstarted(ending: Ending) -> Outcome:
    stderr = ending.stderr.strip()[-_STDERR_CHARACTERS:]
    if "Argument list too long" in stderr:
        told = (
            f"The prompt is too long for an argument of `{ending.program}`. "
            "Hand it over by stdin or file."
        )
        return _failed(ending, "PromptTooLong", told)
    told = (
        f'Agent "{ending.agent}" is not in the sandbox (no `{ending.program}` to run). '
        f"Install it in the sandbox's template, or correct its `start`. {stderr}"
    )
    return _failed(ending, "ToolMissing", told.rstrip())


def _faulty(ending: Ending, code: int) -> Outcome:
    stderr = ending.stderr.strip()[-_STDERR_CHARACTERS:]
    fault = read_fault(ending.error or stderr)
    signal = -code if code < 0 else max(0, code - 128)
    how = f"was killed by signal {signal}" if signal else f"exited with {code}"
    return Outcome(
        status="limited" if fault.reason == "RateLimited" else "failed",
        reason=fault.reason,
        message=f"The agent {how}. {ending.error or stderr}".rstrip(),
        text=ending.said,
        exit_code=code,
        retryable=fault.retryable or (fault.reason == "Crashed" and not ending.error),
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
