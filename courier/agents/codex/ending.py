"""How a turn of Codex ended: its last turn event, its last error, its exit code, its stderr."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from courier.agents.codex.limit import limit_end
from courier.runs.transcripts.processend import ProcessEnd, Program
from courier.runs.transcripts.providerfault import read_fault
from courier.runs.transcripts.transcript import Outcome

PROGRAM: Final = Program(
    title="Codex",
    name="codex",
    package="@openai/codex",
    keys="OPENAI_API_KEY or CODEX_API_KEY",
    objection="error: unexpected argument",
)


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known when a process is over.

    Attributes:
        end: ``completed``, ``failed`` or nothing, by the last turn event.
        error: The last error it told.
        waiting: Why it was about to call the provider again.
        process: How the process ended.
        asked_at: When the turn began, where that is known.
    """

    end: str
    error: str
    waiting: str
    process: ProcessEnd
    asked_at: datetime | None = None


def ended(ending: Ending) -> Outcome:
    """Return the outcome, without session and usage."""
    process = ending.process
    if process.lost is not None and (ending.end or "resume" in process.stderr):
        told = f"Codex does not know conversation {process.lost}. Start the step in a new session."
        return process.failed("SessionLost", told)
    if ending.end == "failed":
        return _faulty(ending, ending.error)
    if ending.end != "completed":
        return process.unstarted(PROGRAM) or _broken_off(ending)
    return process.completed(process.answer)


def _faulty(ending: Ending, told: str) -> Outcome:
    fault = read_fault(told)
    retry_at = fault.retry_at or limit_end(told, asked_at=ending.asked_at)
    fault = replace(fault, retry_at=retry_at)
    return ending.process.faulty(fault, told, keys=PROGRAM.keys)


def _broken_off(ending: Ending) -> Outcome:
    process = ending.process
    if ending.waiting:
        return _faulty(ending, ending.waiting)
    if "input_too_large" in process.stderr:
        return process.failed("PromptTooLong", process.complaint)
    return process.crashed(ending.error)
