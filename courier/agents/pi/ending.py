"""How a turn of Pi ended: its last message, its exit code, its stderr.

The exit code alone says nothing: Pi exits with 0 also when the provider failed.
"""

from dataclasses import dataclass
from typing import Final

from courier.runs.transcripts.processend import ProcessEnd, Program
from courier.runs.transcripts.providerfault import read_fault
from courier.runs.transcripts.transcript import Outcome

PROGRAM: Final = Program(
    title="Pi",
    name="pi",
    package="@earendil-works/pi-coding-agent",
    keys="ANTHROPIC_API_KEY, OPENAI_API_KEY or OPENROUTER_API_KEY, as the model's provider needs",
    objection="Unknown option",
    runtime="Node.js 22.19",
)


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known when a process is over.

    Attributes:
        settled: Whether Pi said that it would not go on by itself.
        stop: Why the model's last message ended.
        error: The error in it.
        process: How the process ended.
    """

    settled: bool
    stop: str
    error: str
    process: ProcessEnd


def guessed_price(stderr: str) -> bool:
    """Return whether Pi priced a model it does not know like another one."""
    return "Using custom model id" in stderr


def ended(ending: Ending) -> Outcome:
    """Return the outcome, without session and usage."""
    process = ending.process
    if process.lost is not None and (ending.stop or "No session found" in process.stderr):
        told = f"Pi does not know conversation {process.lost}. Start the step in a new session."
        return process.failed("SessionLost", told)
    if not ending.settled:
        return process.unstarted(PROGRAM) or _broken_off(ending)
    match ending.stop:
        case "error":
            return _faulty(process, ending.error)
        case "aborted":
            return process.failed("Stopped", "The agent was interrupted.")
        case "length":
            return process.failed("TurnLimit", "The model's answer was cut off at its limit.")
    return process.completed(process.answer)


def _broken_off(ending: Ending) -> Outcome:
    process = ending.process
    if "Node.js v" in process.stderr:
        return process.failed("ToolMissing", f"{PROGRAM.missing} {process.complaint}".rstrip())
    if ending.stop == "error" or process.complaint.startswith("No API key"):
        return _faulty(process, ending.error or process.complaint)
    return process.crashed()


def _faulty(process: ProcessEnd, told: str) -> Outcome:
    return process.faulty(read_fault(told), told, keys=PROGRAM.keys)
