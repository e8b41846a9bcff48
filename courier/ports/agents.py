"""Agent drivers: pure translators between a brief and one agent CLI."""

from collections.abc import Sequence
from typing import Protocol

from courier.runs.brief import Brief, Launch
from courier.runs.transcript import AgentEvent, Outcome


class Translator(Protocol):
    """Translates one process's output, line by line; holds only what earlier lines said.

    Feeding the same lines to a new translator gives the same events, so a re-attached run
    replays the lines it has on record and goes on.
    """

    def line(self, text: str) -> Sequence[AgentEvent]:
        """Return the events one line of output means; unknown or broken lines mean none."""
        ...

    def outcome(self, exit_code: int | None, *, stderr: str) -> Outcome:
        """Return how the attempt ended; ``exit_code`` is None if the process was stopped by us."""
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
