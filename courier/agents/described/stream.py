"""The output of a described agent as events: lines of text, or JSON values read by path."""

from collections import deque
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from courier.agents.described.ending import Ending, ended
from courier.agents.described.jsonpath import at, number, told
from courier.resources.agent import AgentSpec
from courier.runs.texts.fields import Fields, parse, whole
from courier.runs.transcripts.tally import Tally
from courier.runs.transcripts.transcript import (
    AgentEvent,
    ErrorReported,
    Outcome,
    OutputWritten,
)
from courier.runs.usage.usage import Usage

TAIL_CHARACTERS: Final = 100_000
"""How much of the end of a plain-text output is what the agent said."""

VALUE_CHARACTERS: Final = 16_000_000
"""How long a JSON value over several lines may be."""


class DescribedTranslator:
    """Translates one process; what its description does not name means nothing.

    Args:
        name: The agent's name.
        spec: Its description.
    """

    def __init__(self, name: str, spec: AgentSpec) -> None:
        self._name = name
        self._spec = spec
        self._tally = Tally()
        self._error = ""
        self._ended = False
        self._tail: deque[str] = deque()
        self._kept = 0
        self._open: list[str] = []

    def line(self, text: str) -> Sequence[AgentEvent]:
        """Return the events one line means."""
        match self._spec.output.format:
            case "text":
                self._keep(whole(text))
                return (OutputWritten(text=whole(text)),)
            case "jsonLines":
                value = parse(text)
            case "json":
                value = self._joined(text)
        return () if value is None else tuple(self._translate(value))

    @property
    def finished(self) -> bool:
        """Whether a value was told that only stands at the end of a turn."""
        return self._ended

    def outcome(self, exit_code: int | None, *, stderr: str) -> Outcome:
        """Return how the turn ended."""
        tally = self._tally
        if self._spec.output.format == "text":
            tally.said = "\n".join(self._tail)
        stopped_late = exit_code is None and self._ended
        process = tally.end(0 if stopped_late else exit_code, stderr=stderr)
        return tally.settle(ended(Ending(self._name, self._spec.start[0], self._error, process)))

    def _keep(self, line: str) -> None:
        self._tail.append(line[-TAIL_CHARACTERS:])
        self._kept += len(self._tail[-1]) + 1
        while self._kept > TAIL_CHARACTERS and len(self._tail) > 1:
            self._kept -= len(self._tail.popleft()) + 1

    def _joined(self, line: str) -> Fields | None:
        """Return the object that ends with this line, one that began in the first column."""
        if line.startswith("{"):
            self._open, self._kept = [], 0
        elif not self._open:
            return None
        self._open.append(line)
        self._kept += len(line)
        if self._kept > VALUE_CHARACTERS:
            self._open = []
        if not line.startswith(("{", "}")):
            return None
        value = parse("\n".join(self._open))
        if value is not None:
            self._open = []
        return value

    def _translate(self, value: Fields) -> Iterator[AgentEvent]:
        output = self._spec.output
        self._ended = output.format == "json" or bool(told(at(value, output.end)))
        yield from self._tally.start(told(at(value, output.session)))
        if said := told(at(value, output.text)):
            self._error = ""
            yield from self._tally.say(said)
        if error := told(at(value, output.error)):
            self._error = error
            yield ErrorReported(message=error)
        yield from self._tally.use(self._used(value))

    def _used(self, value: Fields) -> Usage:
        paths = self._spec.usage
        if paths is None:
            return Usage()
        cost = number(at(value, paths.cost_usd))
        return Usage(
            input_tokens=int(number(at(value, paths.input_tokens)) or 0),
            output_tokens=int(number(at(value, paths.output_tokens)) or 0),
            cache_read_tokens=int(number(at(value, paths.cache_read_tokens)) or 0),
            cache_write_tokens=int(number(at(value, paths.cache_write_tokens)) or 0),
            cost_usd=None if cost is None else Decimal(str(cost)),
        )
