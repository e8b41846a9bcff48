"""Agent drivers: pure translators between a brief and one agent CLI."""

from collections.abc import Sequence
from typing import Protocol

from courier.runs.briefs.brief import Brief, Launch
from courier.runs.transcripts.transcript import AgentEvent, Outcome


class Translator(Protocol):
    """Translates one process's output, line by line; holds only what earlier lines said.

    Feeding the same lines to a new translator gives the same events, so a re-attached run
    replays the lines it has on record and goes on.
    """

    def line(self, text: str) -> Sequence[AgentEvent]:
        """Return the events one line of output means; unknown or broken lines mean none."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the lines so far hold the turn's final event, and nothing that took it up again.

        After it the process has nothing left to do but exit. An agent without such an event is
        never finished before its process ends.
        """
        ...

    def outcome(self, exit_code: int | None, *, stderr: str) -> Outcome:
        """Return how the turn ended; ``exit_code`` is None if the process was stopped by us.

        What was stopped after its final event ended as that event says.
        """
        ...


class AgentDriver(Protocol):
    """One agent CLI. Pure: reads no clock, disk, network or environment."""

    @property
    def name(self) -> str:
        """The name people write in YAML, e.g. ``claude``."""
        ...

    def launch(self, brief: Brief) -> Launch:
        """Return the process that carries the brief out."""
        ...

    def translator(self, brief: Brief) -> Translator:
        """Return a fresh translator for one process started with that brief."""
        ...
