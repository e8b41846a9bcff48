"""From bytes to harmless text: what must hold before any parser sees a file."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from courier.diagnostics import Diagnostic, Position
from courier.planning.problems import error

MAX_BYTES = 1 << 20
"""Largest file courier reads."""
MAX_DOCUMENTS = 500
"""Most documents in one file."""

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes(sign for sign in (*range(0x20), 0x7F) if sign not in b"\t\n\r")
_SHOWN = bytes.maketrans(_CONTROLS, b"?" * len(_CONTROLS))
_ODD = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff"
_MARKER = r"^(?:---|\.\.\.)(?=[ \t\n])"
_BARE = r"(?:---|\.\.\.)[ \t]*(?:#[^\n]*)?\n"
_CONTENT = re.compile(r"^[ \t]*[^ \t#\n]", re.MULTILINE)


class Chunk(NamedTuple):
    """The text of one document of a file, without a bare ``---`` before it.

    Attributes:
        number: Its place among the documents of the file, from 0.
        line: How many lines of the file come before it.
        text: The text; its lines end in ``\\n``.
    """

    number: int
    line: int
    text: str


def decode(file: str, data: bytes) -> str | Diagnostic:
    """Return the text of a file, line ends made ``\\n`` and a byte order mark removed."""
    if len(data) > MAX_BYTES:
        detail = f"It has {len(data):,} bytes; courier reads at most {MAX_BYTES:,}. Split it."
        return error("TooLarge", "File too large", detail, Position(file))
    if data.isascii() and data.translate(_SHOWN) == data:
        return _with_newlines(data.decode("ascii"))
    if data.startswith(_UTF16):
        detail = "It looks like UTF-16. Save the file as UTF-8."
        return error("NotUtf8", "Not UTF-8 text", detail, Position(file))
    data = data.removeprefix(_BOM)
    if data.translate(_SHOWN) != data:
        return _odd_sign(file, data.decode("utf-8", "replace"))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as broken:
        detail = (
            f"Byte 0x{data[broken.start]:02x} at offset {broken.start} is not UTF-8. "
            "Save the file as UTF-8."
        )
        before = data[: broken.start].decode("utf-8")
        return error("NotUtf8", "Not UTF-8 text", detail, _end_of(before, file))
    if not text.isascii() and re.search(f"[{_ODD}]", text):
        return _odd_sign(file, text)
    return _with_newlines(text)


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def chunks(text: str) -> list[Chunk]:
    """Split a file's text at its document markers; parts without a document are left out.

    It stops at the first document too many.
    """
    if not text.endswith("\n"):
        text += "\n"
    if text.startswith(("---", "...")) or "\n---" in text or "\n..." in text:
        return list(islice(_split(text), MAX_DOCUMENTS + 1))
    return [Chunk(0, 0, text)] if _CONTENT.search(text) else []


def _split(text: str) -> Iterator[Chunk]:
    number, line, start, opened = 0, 0, 0, False
    for marker in re.finditer(_MARKER, text, re.MULTILINE):
        part = text[start : marker.start()]
        if opened or _CONTENT.search(part):
            yield Chunk(number, line, part)
            number += 1
        line += part.count("\n")
        start, opened = marker.start(), marker.group() == "---"
        bare = re.compile(_BARE).match(text, start)
        if bare:
            line, start = line + 1, bare.end()
    if opened or _CONTENT.search(text[start:]):
        yield Chunk(number, line, text[start:])


def _odd_sign(file: str, text: str) -> Diagnostic:
    found = re.search(f"[{_ODD}]", text)
    before = text[: found.start()] if found else ""
    name = f"U+{ord(text[len(before)]):04X}"
    detail = f"The invisible character {name} is not allowed in YAML. Remove it."
    return error("ControlCharacter", "Invisible control character", detail, _end_of(before, file))


def _end_of(text: str, file: str) -> Position:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Position(file, len(lines), len(lines[-1]) + 1)
