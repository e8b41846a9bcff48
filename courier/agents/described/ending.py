"""How a turn of a described agent ended: its last words, its last error, its exit code."""

from dataclasses import dataclass

from courier.runs.transcripts.processend import ProcessEnd
from courier.runs.transcripts.providerfault import read_fault
from courier.runs.transcripts.transcript import Outcome


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known when a process is over.

    Attributes:
        agent: The agent's name.
        program: What its command starts.
        error: The last error it told, unless it said something after it.
        process: How the process ended.
    """

    agent: str
    program: str
    error: str
    process: ProcessEnd


def ended(ending: Ending) -> Outcome:
    """Return the outcome, without session and usage."""
    process = ending.process
    if process.exit_code is None:
        return process.failed("Stopped", "The agent was stopped.")
    if process.exit_code in (126, 127) and not ending.error:
        return _unstarted(ending)
    if process.exit_code == 0 and not ending.error:
        return process.completed(process.said)
    return _faulty(ending)


def _unstarted(ending: Ending) -> Outcome:
    process = ending.process
    if "Argument list too long" in process.stderr:
        told = (
            f"The prompt is too long for an argument of `{ending.program}`. "
            "Hand it over by stdin or file."
        )
        return process.failed("PromptTooLong", told)
    told = (
        f'Agent "{ending.agent}" is not in the sandbox (no `{ending.program}` to run). '
        f"Install it in the sandbox's template, or correct its `start`. {process.complaint}"
    )
    return process.failed("ToolMissing", told.rstrip())


def _faulty(ending: Ending) -> Outcome:
    process = ending.process
    told = ending.error or process.complaint
    fault = read_fault(told)
    outcome = process.faulty(fault, f"The agent {process.manner}. {told}")
    crashed = fault.reason == "Crashed" and not ending.error
    return outcome.model_copy(update={"retryable": outcome.retryable or crashed})
