"""What one agent process has told so far, for translators: conversation, last words, usage."""

from collections.abc import Iterator

from courier.runs.texts.fields import whole
from courier.runs.transcripts.processend import ProcessEnd
from courier.runs.transcripts.transcript import (
    AgentEvent,
    Outcome,
    SessionStarted,
    TextWritten,
    UsageReported,
)
from courier.runs.usage.usage import Usage


class Tally:
    """Keeps what a turn's outcome needs, and turns each new piece of it into its event.

    Args:
        asked: The conversation the process was told to go on with.
    """

    def __init__(self, *, asked: str | None = None) -> None:
        self._asked = asked
        self.session: str | None = None
        self.usage = Usage()
        self.said = ""
        self.answered = False

    def start(self, session: str, *, model: str | None = None) -> Iterator[AgentEvent]:
        """Take in a conversation's id; the same one again, or none, is no news."""
        if session and session != self.session:
            self.session = session
            yield SessionStarted(session=session, model=model)

    def say(self, text: str) -> Iterator[AgentEvent]:
        """Take in words for people."""
        if text:
            self.said, self.answered = text, True
            yield TextWritten(text=text)

    def use(self, used: Usage) -> Iterator[AgentEvent]:
        """Take in what was used; nothing is no news."""
        if used != Usage():
            self.usage += used
            yield UsageReported(usage=used)

    def end(self, exit_code: int | None, *, stderr: str) -> ProcessEnd:
        """Return how the process ended."""
        return ProcessEnd(
            said=self.said,
            exit_code=exit_code,
            stderr=whole(stderr),
            answer=self.said if self.answered else "",
            lost=self._asked if self._asked not in (None, self.session) else None,
        )

    def settle(self, outcome: Outcome) -> Outcome:
        """Return the outcome with its conversation and what it used."""
        return outcome.model_copy(update={"session": self.session, "usage": self.usage})
