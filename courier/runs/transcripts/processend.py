"""How an agent's process ended, where it is the same for every agent: outcomes and their words."""

from dataclasses import dataclass
from typing import Final

from courier.runs.transcripts.providerfault import ProviderFault
from courier.runs.transcripts.transcript import Outcome

STDERR_CHARACTERS: Final = 2_000
"""How much of the end of stderr a message repeats."""

_NO_CREDIT: Final = "Add credit to the provider's account."


@dataclass(frozen=True, slots=True)
class Program:
    """An agent's program, in words for people who have to get it.

    Attributes:
        title: What it is called.
        name: The command.
        package: What to install from the npm registry.
        keys: The secrets that may hold its key, joined to words.
        objection: How its stderr says that it does not know an option.
        runtime: What it runs with, if it does not run alone.
    """

    title: str
    name: str
    package: str
    keys: str
    objection: str
    runtime: str = ""

    @property
    def missing(self) -> str:
        """Return a message that it is not there, and what to do."""
        runtime = f", or no {self.runtime} to run it with" if self.runtime else ""
        return (
            f"{self.title} is not in the sandbox (no `{self.name}` to run{runtime}). Use a "
            f"template that holds it, or install {self.package} there."
        )


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """What is known of any process that is over.

    Attributes:
        said: The last text the agent wrote.
        exit_code: The exit code; None if we stopped the process.
        stderr: What it wrote there.
        answer: What the agent wrote and did nothing after; empty if there is no such text.
        lost: The conversation it should have gone on with and did not.
    """

    said: str
    exit_code: int | None
    stderr: str
    answer: str = ""
    lost: str | None = None

    @property
    def complaint(self) -> str:
        """Return the end of stderr."""
        return self.stderr.strip()[-STDERR_CHARACTERS:]

    @property
    def manner(self) -> str:
        """Return in words how it came to its end."""
        code = self.exit_code or 0
        signal = -code if code < 0 else max(0, code - 128)
        return f"was killed by signal {signal}" if signal else f"exited with {code}"

    def completed(self, text: str) -> Outcome:
        """Return the outcome of a turn that was done; without an answer it was not."""
        if not text.strip():
            told = "The agent ended without an answer."
            return self.failed("EmptyResult", told, retryable=True)
        return Outcome(status="completed", reason="Completed", text=text, exit_code=self.exit_code)

    def failed(self, reason: str, message: str, *, retryable: bool = False) -> Outcome:
        """Return the outcome of a turn that failed, without session and usage."""
        return Outcome(
            status="failed",
            reason=reason,
            message=message,
            text=self.said,
            exit_code=self.exit_code,
            retryable=retryable,
        )

    def faulty(self, fault: ProviderFault, told: str, *, keys: str = "") -> Outcome:
        """Return the outcome of a turn that a provider's failure ended.

        Args:
            fault: What the failure means.
            told: The agent's words about it.
            keys: The secrets that may hold the provider's key, joined to words.
        """
        advice = {"NoCredit": _NO_CREDIT}
        if keys:
            advice["BadKey"] = f"Give the sandbox a valid {keys}."
        message = told.strip() or "The agent failed without a word."
        if fault.reason in advice:
            message = f"{message.rstrip('.')}. {advice[fault.reason]}"
        return Outcome(
            status="limited" if fault.reason == "RateLimited" else "failed",
            reason=fault.reason,
            message=message,
            text=self.said,
            exit_code=self.exit_code,
            retryable=fault.retryable,
            retry_at=fault.retry_at,
        )

    def unstarted(self, program: Program) -> Outcome | None:
        """Return why a turn without a result never began or was stopped; None if it broke off."""
        if self.exit_code is None:
            return self.failed("Stopped", "The agent was stopped.")
        if self.exit_code in (126, 127):
            return self.failed("ToolMissing", f"{program.missing} {self.complaint}".rstrip())
        if program.objection in self.stderr:
            told = f"{program.title} in the sandbox has another version: {self.complaint}"
            return self.failed("ToolMissing", told)
        return None

    def crashed(self, told: str = "") -> Outcome:
        """Return the outcome of a turn that broke off.

        Args:
            told: The last the agent said about it; without it stderr speaks.
        """
        message = f"The agent {self.manner} before its turn ended. {told or self.complaint}"
        return self.failed("Crashed", message.rstrip(), retryable=True)
