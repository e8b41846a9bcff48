"""The JSON object an agent ends its last message with, read strictly."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

_READ_CHARACTERS = 64_000

_FENCE = re.compile(
    r"^[ \t]*(?:`{3,}|~{3,})[ \t]*(?P<tag>[\w+-]*)[ \t]*(?:[^\n{]*\n\s*)?", re.MULTILINE
)
_AFTER = re.compile(r"\s*(?:`{3,}|~{3,}|\Z)")
_BARE = re.compile(r"^\{", re.MULTILINE)


class Unreadable(ValueError):
    """Why a text holds no such object."""


def ask_again(what: str, why: str, *, instead: str, rule: str) -> str:
    """Return what to ask, in the same conversation, for an answer that can be read.

    Args:
        what: What could not be read, e.g. ``verdict``.
        why: Why not.
        instead: What not to do again, and what to say.
        rule: The form the answer must have.
    """
    return f"Your {what} could not be read: {why}\n\nDo not {instead}. {rule}"


def last_object(text: str, *, within: int = _READ_CHARACTERS) -> Mapping[str, object]:
    """Return the last fenced JSON object of a message; without any fence, one that ends it.

    Args:
        text: The message.
        within: How many characters of its end are read.

    Raises:
        Unreadable: If there is none, or it is not exactly one JSON object.
    """
    text = text[-within:].replace("\r\n", "\n")
    starts = list(_fenced(text)) or [found.start() for found in _BARE.finditer(text)][-1:]
    if not starts:
        raise Unreadable("There is no fenced JSON object in the message.")
    found, end = _decode(text, starts[-1])
    if not _AFTER.match(text, end):
        raise Unreadable("Something follows the JSON object inside its fence.")
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
        except Unreadable:
            end = start


def _decode(text: str, start: int) -> tuple[dict[str, object], int]:
    # Not strict: a line break inside a string has one meaning only.
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_unique)
    try:
        found, end = decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        line = text.count("\n", start, error.pos) + 1
        raise Unreadable(f"The JSON is broken in its line {line}: {error.msg}.") from error
    except RecursionError as error:
        raise Unreadable("The JSON is nested too deeply.") from error
    if not isinstance(found, dict):
        raise Unreadable("The fenced JSON is not an object.")
    return found, end


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unreadable("A key appears twice in the JSON object.")
    return found
