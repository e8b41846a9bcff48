"""What a scripted model is asked and what it answers, free of any provider's wire format."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """A tool's answer as the agent sent it back."""

    id: str
    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, read.

    Attributes:
        model: The model's name in the request.
        prompts: What people asked, oldest first; the agent's own reminders left out.
        answers: Every tool's answer in the conversation, oldest first.
        turns: How often the model has spoken in this conversation.
        turns_since_prompt: The same, since the last prompt: 0 right after a person spoke.
        tries: How often this very point of this conversation was asked before.
        has_tools: Whether the agent offers tools; its side requests offer none.
        body: The request as sent.
    """

    model: str
    prompts: tuple[str, ...]
    answers: tuple[ToolAnswer, ...]
    turns: int
    turns_since_prompt: int
    has_tools: bool
    body: Mapping[str, Any]
    tries: int = 0

    @property
    def prompt(self) -> str:
        """The last prompt, or nothing."""
        return self.prompts[-1] if self.prompts else ""

    @property
    def answer(self) -> str:
        """The last tool's answer, or nothing."""
        return self.answers[-1].text if self.answers else ""


@dataclass(frozen=True, slots=True)
class Say:
    """Text for people."""

    text: str


@dataclass(frozen=True, slots=True)
class Think:
    """Thinking aloud."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call, in the agent's own names, e.g. ``Bash`` and ``{"command": "ls"}``."""

    tool: str
    input: Mapping[str, Any]


Part: TypeAlias = Say | Think | Call


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider would charge for one answer."""

    input: int = 1000
    output: int = 50
    cache_read: int = 300
    cache_write: int = 200


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer of the model.

    Attributes:
        stop: Why it stopped; derived from the parts where it is empty.
        after_seconds: How long it thinks before the first byte.
        pieces_of: Characters per write of a stream; 0 writes event by event.
        holds_seconds: How long the connection stays open after the last event.
    """

    parts: tuple[Part, ...]
    stop: str = ""
    tokens: Tokens = Tokens()
    after_seconds: float = 0.0
    pieces_of: int = 0
    holds_seconds: float = 0.0

    @classmethod
    def of(cls, *parts: Part) -> "Turn":
        """Return a turn of these parts."""
        return cls(parts)

    @property
    def calls_tools(self) -> bool:
        """Whether the agent has to act before the model goes on."""
        return any(isinstance(part, Call) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Fail:
    """An HTTP error, or for status 200 an error in an answer that began well.

    Attributes:
        kind: The provider's word for it.
        details: Further fields beside the message.
    """

    status: int
    kind: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cut:
    """An answer whose connection is reset after that many stream events."""

    turn: Turn
    after_events: int = 3


@dataclass(frozen=True, slots=True)
class Hang:
    """Nothing at all for that long, or until the server closes; then the connection closes."""

    seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Page:
    """A successful answer that is none of a model's: what a proxy in between shows, or nothing."""

    text: str
    content_type: str = "text/html"


Reply: TypeAlias = Turn | Fail | Cut | Hang | Page
Script: TypeAlias = Callable[[Asked], Reply]


def play(*replies: Reply) -> Script:
    """Return a script that answers a conversation's n-th request with its n-th reply.

    A fault is answered once and the same point goes on with the next reply; the last reply is
    repeated for ever, so a script that ends with a fault never recovers.
    """

    def answer(asked: Asked) -> Reply:
        spoken = -1
        faults = 0
        for reply in replies:
            if isinstance(reply, Turn):
                spoken += 1
                faults = 0
                if spoken == asked.turns:
                    return reply
            elif spoken + 1 == asked.turns:
                if faults == asked.tries:
                    return reply
                faults += 1
        return replies[-1]

    return answer


def choose(*cases: tuple[str, Script], otherwise: Script) -> Script:
    """Return a script that follows the first case whose text any prompt holds."""

    def answer(asked: Asked) -> Reply:
        said = "\n".join(asked.prompts)
        for text, script in cases:
            if text in said:
                return script(asked)
        return otherwise(asked)

    return answer
