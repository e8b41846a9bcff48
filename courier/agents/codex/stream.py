"""Codex's JSON lines as events."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from courier.agents.codex.ending import Ending, ended
from courier.agents.codex.meter import Meter
from courier.runs.texts.fields import Fields, inner, items, parse, shown, words
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

_TOOLS = {
    "command_execution": "shell",
    "file_change": "apply_patch",
    "web_search": "web_search",
}
"""Items that are tool calls, and the tool's name; an MCP call tells its own."""

_TELLING = ("command", "query", "path", "url")


class CodexTranslator:
    """Translates one process; unknown lines mean nothing, broken ones neither.

    Args:
        session: The conversation the process was told to go on with.
        used: What earlier turns of that conversation used.
        asked_at: When the turn began.
    """

    def __init__(
        self,
        *,
        session: str | None = None,
        used: Usage | None = None,
        asked_at: datetime | None = None,
    ) -> None:
        self._asked_at = asked_at
        self._meter = Meter(used or Usage())
        self._tally = Tally(asked=session)
        self._error = self._waiting = self._end = ""
        self._called: set[str] = set()

    def line(self, text: str) -> Sequence[AgentEvent]:
        """Return the events one line means."""
        event = parse(text)
        return () if event is None else tuple(self._translate(event))

    @property
    def finished(self) -> bool:
        """Whether the turn was told to be completed or failed."""
        return self._end != ""

    def outcome(self, exit_code: int | None, *, stderr: str) -> Outcome:
        """Return how the turn ended."""
        process = self._tally.end(exit_code, stderr=stderr)
        ending = Ending(self._end, self._error, self._waiting, process, self._asked_at)
        return self._tally.settle(ended(ending))

    def _translate(self, event: Fields) -> Iterator[AgentEvent]:
        match event.get("type"):
            case "thread.started":
                yield from self._tally.start(words(event, "thread_id"))
            case "turn.started":
                self._end = self._error = ""
            case "item.started" | "item.completed":
                yield from self._item(inner(event, "item"), done=event["type"] == "item.completed")
            case "error":
                yield from self._complaint(words(event, "message"))
            case "turn.completed":
                self._end = "completed"
                yield from self._tally.use(self._meter.add(inner(event, "usage")))
            case "turn.failed":
                yield from self._failure(words(inner(event, "error"), "message"))

    def _complaint(self, told: str) -> Iterator[AgentEvent]:
        if told.startswith("Reconnecting..."):
            self._waiting = told
            yield RetryNoticed(reason=told)
        elif told:
            self._error = told
            yield ErrorReported(message=told)

    def _failure(self, told: str) -> Iterator[AgentEvent]:
        self._end = "failed"
        if told and told != self._error:
            self._error = told
            yield ErrorReported(message=told)

    def _item(self, item: Fields, *, done: bool) -> Iterator[AgentEvent]:
        self._waiting = ""
        kind = words(item, "type")
        if kind in _TOOLS or kind == "mcp_tool_call":
            yield from self._tool(item, kind, done=done)
        elif done and kind == "agent_message":
            yield from self._tally.say(words(item, "text"))
        elif done and kind == "reasoning" and words(item, "text"):
            yield ThoughtWritten(text=words(item, "text"))
        elif done and kind == "error" and words(item, "message"):
            yield ErrorReported(message=words(item, "message"))

    def _tool(self, item: Fields, kind: str, *, done: bool) -> Iterator[AgentEvent]:
        id = words(item, "id")
        self._tally.answered = False
        if id not in self._called:
            self._called.add(id)
            tool = _TOOLS.get(kind) or ".".join(
                filter(None, (words(item, "server"), words(item, "tool")))
            )
            yield ToolCalled(id=id, tool=tool, input=_input(item, kind))
        if done:
            yield ToolReturned(id=id, output=_output(item, kind), is_error=_is_error(item))


def _input(item: Fields, kind: str) -> str:
    if kind == "file_change":
        changes = items(item, "changes")
        return "\n".join(f"{words(change, 'kind')} {words(change, 'path')}" for change in changes)
    if kind == "mcp_tool_call":
        return shown(inner(item, "arguments"), ())
    return shown(item, _TELLING)


def _output(item: Fields, kind: str) -> str:
    if kind != "mcp_tool_call":
        return words(item, "aggregated_output")
    error = words(inner(item, "error"), "message")
    texts = (words(part, "text") for part in items(inner(item, "result"), "content"))
    return error or "\n".join(text for text in texts if text)


def _is_error(item: Fields) -> bool:
    return item.get("status") in ("failed", "declined")
