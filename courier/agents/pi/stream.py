"""Pi's JSON lines as events."""

from collections.abc import Iterator, Sequence

from courier.agents.pi.ending import Ending, ended, guessed_price
from courier.runs.texts.fields import (
    Fields,
    count,
    dollars,
    inner,
    items,
    parse,
    seconds,
    shown,
    words,
)
from courier.runs.transcripts.tally import Tally
from courier.runs.transcripts.transcript import (
    AgentEvent,
    ErrorReported,
    Outcome,
    RetryNoticed,
    ThoughtWritten,
    ToolCalled,
    ToolReturned,
)
from courier.runs.usage.usage import Usage

_TELLING = ("command", "path", "pattern", "url", "query", "prompt")
"""Arguments that say on their own what a tool call is about, the most telling first."""


class PiTranslator:
    """Translates one process; unknown lines mean nothing, broken ones neither.

    Messages count when they end; the lines that repeat them as parts or in lists mean nothing.

    Args:
        session: The conversation the process was told to go on with.
    """

    def __init__(self, *, session: str | None = None) -> None:
        self._tally = Tally(asked=session)
        self._stop = self._error = ""
        self._settled = False

    def line(self, text: str) -> Sequence[AgentEvent]:
        """Return the events one line means."""
        event = parse(text)
        return () if event is None else tuple(self._translate(event))

    @property
    def finished(self) -> bool:
        """Whether Pi said that it would not go on by itself."""
        return self._settled

    def outcome(self, exit_code: int | None, *, stderr: str) -> Outcome:
        """Return how the turn ended."""
        process = self._tally.end(exit_code, stderr=stderr)
        if guessed_price(process.stderr):
            self._tally.usage = self._tally.usage.model_copy(update={"cost_usd": None})
        return self._tally.settle(ended(Ending(self._settled, self._stop, self._error, process)))

    def _translate(self, event: Fields) -> Iterator[AgentEvent]:
        match event.get("type"):
            case "session":
                yield from self._tally.start(words(event, "id"))
            case "agent_start":
                self._settled = False
            case "message_end":
                yield from self._message(inner(event, "message"))
            case "agent_end" | "agent_settled":
                self._settled = event.get("willRetry") is not True
            case "compaction_end":
                yield from self._tally.use(_used(inner(inner(event, "result"), "usage")))
            case kind:
                yield from _deed(event, str(kind))

    def _message(self, message: Fields) -> Iterator[AgentEvent]:
        if message.get("role") != "assistant":
            return
        self._stop, self._error = words(message, "stopReason"), words(message, "errorMessage")
        self._tally.answered = False
        for block in items(message, "content"):
            match block.get("type"):
                case "text":
                    yield from self._tally.say(words(block, "text"))
                case "thinking" if words(block, "thinking"):
                    yield ThoughtWritten(text=words(block, "thinking"))
        yield from self._tally.use(_used(inner(message, "usage")))
        if self._error:
            yield ErrorReported(message=self._error)


def _deed(event: Fields, kind: str) -> Iterator[AgentEvent]:
    match kind:
        case "tool_execution_start":
            yield ToolCalled(
                id=words(event, "toolCallId"),
                tool=words(event, "toolName"),
                input=shown(inner(event, "args"), _TELLING),
            )
        case "tool_execution_end":
            yield _returned(event)
        case "auto_retry_start":
            reason = words(event, "errorMessage") or "unknown"
            yield RetryNoticed(reason=reason, delay_seconds=seconds(event, "delayMs"))


def _returned(event: Fields) -> ToolReturned:
    parts = items(inner(event, "result"), "content")
    texts = (words(part, "text") or f"[{words(part, 'type')}]" for part in parts)
    return ToolReturned(
        id=words(event, "toolCallId"),
        output="\n".join(texts),
        is_error=event.get("isError") is True,
    )


def _used(usage: Fields) -> Usage:
    """Return what one message used; a cost of nothing means an unknown price."""
    return Usage(
        input_tokens=count(usage, "input"),
        output_tokens=count(usage, "output"),
        cache_read_tokens=count(usage, "cacheRead"),
        cache_write_tokens=count(usage, "cacheWrite"),
        cost_usd=dollars(inner(usage, "cost"), "total") or None,
    )
