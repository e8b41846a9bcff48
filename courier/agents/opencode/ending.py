"""How a turn of OpenCode ended: its last step, its last error, its exit code, its stderr.

There is no event for the end: the last step's reason says whether the turn was over.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from courier.runs.texts.fields import moment
from courier.runs.transcripts.processend import ProcessEnd, Program
from courier.runs.transcripts.providerfault import ProviderFault, read_fault
from courier.runs.transcripts.transcript import Outcome

PROGRAM: Final = Program(
    title="OpenCode",
    name="opencode",
    package="opencode-ai",
    keys="ANTHROPIC_API_KEY, OPENAI_API_KEY or OPENROUTER_API_KEY, as the model's provider needs",
    objection="it only shows its help",
)

_HELP: Final = "opencode run [message..]"
"""How what it shows for an option it does not know begins."""

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
        process: How the process ended.
    """

    finish: str
    failure: Failure | None
    process: ProcessEnd


def ended(ending: Ending) -> Outcome:
    """Return the outcome, without session and usage."""
    process = ending.process
    if process.lost is not None and (ending.finish or "Session not found" in process.stderr):
        told = f"OpenCode does not know conversation {process.lost}. Start the step in a new one."
        return process.failed("SessionLost", told)
    if ending.failure is not None:
        return _faulty(process, ending.failure)
    match ending.finish:
        case "stop":
            return process.completed(process.answer)
        case "length":
            return process.failed("TurnLimit", "The model's answer was cut off at its limit.")
        case "content-filter":
            return process.failed("Refused", "The provider refused to go on.")
        case "unknown" if not process.answer:
            told = "The provider answers with nothing, again and again; look at its base URL."
            return process.faulty(ProviderFault("Unreachable"), told)
    told = PROGRAM.objection if _HELP in process.stderr else _COLOUR.sub("", process.stderr)
    plain = replace(process, stderr=told)
    return plain.unstarted(PROGRAM) or plain.crashed()


def _faulty(process: ProcessEnd, failure: Failure) -> Outcome:
    fault = read_fault(f"{failure.message} {failure.body}", status=failure.status)
    fault = replace(
        fault,
        reason=_NAMES.get(failure.name, fault.reason),
        retry_at=fault.retry_at or _retry_at(failure),
    )
    return process.faulty(fault, failure.message, keys=PROGRAM.keys)


def _retry_at(failure: Failure) -> datetime | None:
    after = failure.retry_after
    return moment(failure.told_at + int(after)) if re.fullmatch(r"\d{1,7}", after) else None
