"""What a checker decided, read from its last words or from its commands' exit code."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from courier.resources.model import Model
from courier.runs.roles import VERDICT_RULE
from courier.runs.transcript import Outcome

FEEDBACK_CHARACTERS = 4_000
"""How much of the end of a shell checker's output becomes feedback."""

_READ_CHARACTERS = 64_000

_FENCE = re.compile(
    r"^[ \t]*(?:`{3,}|~{3,})[ \t]*(?P<tag>[\w+-]*)[ \t]*(?:[^\n{]*\n\s*)?", re.MULTILINE
)
_AFTER = re.compile(r"\s*(?:`{3,}|~{3,}|\Z)")
_BARE = re.compile(r"^\{", re.MULTILINE)


class Verdict(Model):
    """What a checker decided."""

    passed: bool
    feedback: str = ""
    """What is wrong and what right looks like; where nothing could be read, why not."""
    reason: Literal["Pass", "Fail", "VerdictUnreadable"]
    """A stable PascalCase word."""

    @property
    def readable(self) -> bool:
        """Whether the checker itself decided."""
        return self.reason != "VerdictUnreadable"


class _Unreadable(ValueError):
    """Why a text holds no verdict."""


def read_verdict(outcome: Outcome, *, agent: str) -> Verdict | None:
    """Return what a checker's turn decided; None if the turn failed and nothing was judged.

    The exit code of the ``shell`` agent is its verdict; a command that is missing judges
    nothing. Every other agent ends with a fenced JSON object.
    """
    if agent == "shell":
        return _shell_verdict(outcome)
    return parse_verdict(outcome.text) if outcome.status == "completed" else None


def parse_verdict(text: str) -> Verdict:
    """Return the verdict in the last fenced JSON object of a message.

    Without any fence, an object that ends the message counts too. Whatever else is there is a
    verdict that says why it cannot be read.
    """
    try:
        return _verdict(_last_object(text[-_READ_CHARACTERS:].replace("\r\n", "\n")))
    except _Unreadable as why:
        return Verdict(passed=False, feedback=str(why), reason="VerdictUnreadable")


def repair_prompt(why: str) -> str:
    """Return what to ask, in the same conversation, for a verdict that can be read."""
    return (
        f"Your verdict could not be read: {why}\n\n"
        f"Do not check anything again; say what you decided. {VERDICT_RULE}"
    )


def _shell_verdict(outcome: Outcome) -> Verdict | None:
    if outcome.status == "completed":
        return Verdict(passed=True, reason="Pass")
    if outcome.reason != "CommandFailed":
        return None
    output = outcome.text[-FEEDBACK_CHARACTERS:].strip("\n")
    told = f"The end of the output:\n\n{output}" if output else "Nothing was printed."
    return Verdict(passed=False, feedback=f"{outcome.message} {told}", reason="Fail")


def _last_object(text: str) -> dict[str, object]:
    starts = list(_fenced(text)) or [found.start() for found in _BARE.finditer(text)][-1:]
    if not starts:
        raise _Unreadable("There is no fenced JSON object in the message.")
    found, end = _decode(text, starts[-1])
    if not _AFTER.match(text, end):
        raise _Unreadable("Something follows the JSON object inside its fence.")
    return found


def _fenced(text: str) -> Iterator[int]:
    """Yield where the content of each JSON fence starts; fences inside an object are text."""
    end = 0
    for fence in _FENCE.finditer(text):
        tag, start = fence["tag"].lower(), fence.end()
        if start < end or not (tag == "json" or (not tag and text.startswith("{", start))):
            continue
        yield start
        try:
            _, end = _decode(text, start)
        except _Unreadable:
            end = start


def _decode(text: str, start: int) -> tuple[dict[str, object], int]:
    # Not strict: a line break inside a string has one meaning only.
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_unique)
    try:
        found, end = decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        line = text.count("\n", start, error.pos) + 1
        raise _Unreadable(f"The JSON is broken in its line {line}: {error.msg}.") from error
    except RecursionError as error:
        raise _Unreadable("The JSON is nested too deeply.") from error
    if not isinstance(found, dict):
        raise _Unreadable("The fenced JSON is not an object.")
    return found, end


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Unreadable("A key appears twice in the JSON object.")
    return found


def _verdict(found: dict[str, object]) -> Verdict:
    word, feedback = found.get("verdict"), found.get("feedback", "")
    if not isinstance(word, str) or word.strip().lower() not in ("pass", "fail"):
        raise _Unreadable('`verdict` must be "pass" or "fail".')
    if not isinstance(feedback, str):
        raise _Unreadable("`feedback` must be text.")
    told = feedback.encode(errors="replace").decode().strip()
    if word.strip().lower() == "pass":
        return Verdict(passed=True, feedback=told, reason="Pass")
    if not told:
        raise _Unreadable("A verdict of fail needs `feedback`.")
    return Verdict(passed=False, feedback=told, reason="Fail")
