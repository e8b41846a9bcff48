"""OpenCode's JSON lines as events."""

from collections.abc import Iterator, Sequence
from typing import Final

from courier.agents.opencode.ending import Ending, Failure, ended
from courier.runs.texts.fields import Fields, count, dollars, inner, parse, shown, words
from courier.runs.transcripts.tally import Tally
from courier.runs.transcripts.transcript import (
    AgentEvent,
    ErrorReported,
    Outcome,
    ThoughtWritten,
    ToolCalled,
    ToolReturned,
)
from courier.runs.usage.usage import Usage

_TELLING = ("command", "filePath", "pattern", "url", "query", "prompt", "path", "patchText", "name")
"""Arguments that say on their own what a tool call is about, the most telling first."""


class OpenCodeTranslator:
    """Translates one process; unknown lines mean nothing, broken ones neither.

    Args:
        session: The conversation the process was told to go on with.
    """

    def __init__(self, *, session: str | None = None) -> None:
        self._tally = Tally(asked=session)
        self._finish = ""
        self._failure: Failure | None = None
        self._over = self._acted = False
        self._empty = 0

    def line(self, text: str) -> Sequence[AgentEvent]:
        """Return the events one line means."""
        event = parse(text)
        return () if event is None else tuple(self._translate(event))

    @property
    def finished(self) -> bool:
        """Whether the last step ended the turn, or an error did, or it asks in vain for ever."""
        return self._over or self._in_vain

    def outcome(self, exit_code: int | None, *, stderr: str) -> Outcome:
        """Return how the turn ended."""
        process = self._tally.end(exit_code, stderr=stderr)
        finish = "unknown" if self._in_vain else self._finish
        return self._tally.settle(ended(Ending(finish, self._failure, process)))

    @property
    def _in_vain(self) -> bool:
        return self._empty >= IN_VAIN

    def _translate(self, event: Fields) -> Iterator[AgentEvent]:
        part = inner(event, "part")
        if event.get("type") in _KNOWN and self._tally.session is None:
            yield from self._tally.start(words(event, "sessionID"))
        match event.get("type"):
            case "step_start":
                self._finish, self._over, self._acted = "", False, False
                self._tally.answered = False
            case "text" if words(part, "text"):
                self._acted = True
                yield from self._tally.say(words(part, "text"))
            case "reasoning" if words(part, "text"):
                self._acted = True
                yield ThoughtWritten(text=words(part, "text"))
            case "tool_use":
                self._acted = True
                yield from _tool(part)
            case "step_finish":
                yield from self._finished(part)
            case "error":
                yield from self._failed(event)

    def _finished(self, part: Fields) -> Iterator[AgentEvent]:
        self._finish, self._failure = words(part, "reason"), None
        self._over = self._finish in _LAST
        self._empty = self._empty + 1 if self._finish == "unknown" and not self._acted else 0
        yield from self._tally.use(_used(part))

    def _failed(self, event: Fields) -> Iterator[AgentEvent]:
        error = inner(event, "error")
        data = inner(error, "data")
        told = words(data, "message") or words(error, "message") or words(error, "name")
        self._over = True
        self._failure = Failure(
            name=words(error, "name"),
            message=told,
            status=count(data, "statusCode"),
            retry_after=words(inner(data, "responseHeaders"), "retry-after"),
            body=words(data, "responseBody"),
            told_at=count(event, "timestamp") / 1000,
        )
        yield ErrorReported(message=told or "unknown error")


IN_VAIN: Final = 20
"""Steps in a row without any content after which the provider is taken to have none."""

_LAST = frozenset({"stop", "length", "content-filter"})
"""Reasons of a step's end after which the model is not asked again."""

_KNOWN = frozenset({"step_start", "text", "reasoning", "tool_use", "step_finish", "error"})


def _tool(part: Fields) -> Iterator[AgentEvent]:
    state, id = inner(part, "state"), words(part, "callID")
    yield ToolCalled(id=id, tool=words(part, "tool"), input=shown(inner(state, "input"), _TELLING))
    failed = state.get("status") == "error" or count(inner(state, "metadata"), "exit") != 0
    output = words(state, "output") or words(state, "error")
    yield ToolReturned(id=id, output=output, is_error=failed)


def _used(part: Fields) -> Usage:
    """Return what one step used; a cost of nothing for something means an unknown price."""
    tokens = inner(part, "tokens")
    cost = dollars(part, "cost")
    return Usage(
        input_tokens=count(tokens, "input"),
        output_tokens=count(tokens, "output") + count(tokens, "reasoning"),
        cache_read_tokens=count(inner(tokens, "cache"), "read"),
        cache_write_tokens=count(inner(tokens, "cache"), "write"),
        cost_usd=cost or None,
    )
