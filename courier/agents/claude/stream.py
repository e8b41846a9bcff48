"""Claude Code's stream-json lines as events."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from courier.agents.claude.ending import Ending, ended
from courier.agents.claude.meter import Meter
from courier.runs.texts.fields import Fields, inner, items, moment, parse, seconds, shown, words
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

_TELLING = ("command", "file_path", "notebook_path", "pattern", "url", "query", "prompt", "skill")
"""Arguments that say on their own what a tool call is about, the most telling first."""


class ClaudeTranslator:
    """Translates one process; unknown lines mean nothing, broken ones neither."""

    def __init__(self, *, resumed: bool = False) -> None:
        self._meter = Meter(resumed=resumed)
        self._tally = Tally()
        self._result: Fields | None = None
        self._error = ""
        self._resets_at: datetime | None = None

    def line(self, text: str) -> Sequence[AgentEvent]:
        """Return the events one line means."""
        event = parse(text)
        return () if event is None else tuple(self._translate(event))

    @property
    def finished(self) -> bool:
        """Whether a result was told and no new start after it."""
        return self._result is not None

    def outcome(self, exit_code: int | None, *, stderr: str) -> Outcome:
        """Return how the turn ended."""
        process = self._tally.end(exit_code, stderr=stderr)
        return self._tally.settle(
            ended(Ending(self._result, self._error, self._resets_at, process))
        )

    def _translate(self, event: Fields) -> Iterator[AgentEvent]:
        match event.get("type"):
            case "system":
                yield from self._system(event)
            case "assistant":
                yield from self._assistant(event)
            case "user":
                yield from _tool_results(event)
            case "rate_limit_event":
                self._note_limit(event)
            case "result":
                yield from self._end(event)

    def _system(self, event: Fields) -> Iterator[AgentEvent]:
        subtype = event.get("subtype")
        if subtype == "api_retry":
            yield RetryNoticed(reason=_retry(event), delay_seconds=seconds(event, "retry_delay_ms"))
        if subtype != "init":
            return
        # A second start in one process: what ended before has been taken up again.
        self._result = None
        session, model = words(event, "session_id"), words(event, "model")
        yield from self._tally.start(session, model=model or None)

    def _assistant(self, event: Fields) -> Iterator[AgentEvent]:
        message = inner(event, "message")
        self._note_limit(inner(event, "api_error_params"))
        if event.get("error") or message.get("model") == "<synthetic>":
            self._error = words(event, "error") or self._error
            text = "\n".join(words(block, "text") for block in items(message, "content"))
            if text:
                yield ErrorReported(message=text)
            return
        self._error = ""
        yield from self._blocks(message)
        yield from self._tally.use(self._meter.add_message(message))

    def _end(self, event: Fields) -> Iterator[AgentEvent]:
        self._result = event
        errors = event.get("errors")
        for error in errors if isinstance(errors, list) else ():
            if isinstance(error, str):
                yield ErrorReported(message=words({"text": error}, "text"))
        yield from self._tally.use(self._meter.add_result(event))

    def _note_limit(self, fields: Fields) -> None:
        limit = inner(fields, "rate_limit_info")
        if limit.get("status") == "rejected":
            self._resets_at = moment(limit.get("resetsAt"))

    def _blocks(self, message: Fields) -> Iterator[AgentEvent]:
        for block in items(message, "content"):
            match block.get("type"):
                case "text":
                    yield from self._tally.say(words(block, "text"))
                case "thinking" if words(block, "thinking"):
                    yield ThoughtWritten(text=words(block, "thinking"))
                case "tool_use":
                    given = shown(inner(block, "input"), _TELLING)
                    yield ToolCalled(id=words(block, "id"), tool=words(block, "name"), input=given)


def _retry(event: Fields) -> str:
    status = event.get("error_status")
    reason = words(event, "error") or "unknown"
    return f"{reason} ({status})" if isinstance(status, int) else reason


def _tool_results(event: Fields) -> Iterator[AgentEvent]:
    for block in items(inner(event, "message"), "content"):
        if block.get("type") == "tool_result":
            yield ToolReturned(
                id=words(block, "tool_use_id"),
                output=_output(block),
                is_error=block.get("is_error") is True,
            )


def _output(block: Fields) -> str:
    if isinstance(block.get("content"), str):
        return words(block, "content")
    parts = items(block, "content")
    return "\n".join(words(part, "text") or f"[{words(part, 'type')}]" for part in parts)
