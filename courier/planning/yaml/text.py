"""YAML in, plain values out: bytes to mappings, lists, text, numbers, booleans and nothing.

The dialect is the core schema of YAML 1.2, without tags, anchors, aliases, merge keys and
directives; keys are text and are given once. Two engines keep this contract; the exact one is
the law, the fast one is used for plain text, on which both agree.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from courier.diagnostics import Diagnostic, Position
from courier.planning.problems import error
from courier.planning.yaml.gate import MAX_DOCUMENTS, Chunk, chunks, decode
from courier.planning.yaml.plain import MAX_NODES, is_plain
from courier.planning.yaml.standins import standing_in


class Engine(StrEnum):
    """Who parses plain text."""

    FAST = "fast"
    EXACT = "exact"


class Parsed(NamedTuple):
    """One document of a file: where it came from and what it says."""

    chunk: Chunk
    value: object


class YamlText(NamedTuple):
    """The readable documents of a file, and what is wrong with the others."""

    documents: tuple[Parsed, ...]
    diagnostics: tuple[Diagnostic, ...]


def read_yaml(file: str, data: bytes, *, engine: Engine = Engine.FAST) -> YamlText:
    """Read every document of a file; a document with a problem is left out.

    Args:
        file: The path people see in diagnostics.
        data: What the file holds.
        engine: Who parses plain text; the result is the same.
    """
    text = decode(file, data)
    if isinstance(text, Diagnostic):
        return YamlText((), (text,))
    return read_chunks(file, chunks(text), engine=engine)


def read_chunks(file: str, parts: list[Chunk], *, engine: Engine = Engine.FAST) -> YamlText:
    """Read documents that were already told apart."""
    if len(parts) > MAX_DOCUMENTS:
        detail = f"It has more than {MAX_DOCUMENTS} documents, the most courier reads. Split it."
        late = parts[MAX_DOCUMENTS]
        return YamlText(
            (), (error("TooLarge", "Too many documents", detail, Position(file, late.line + 1)),)
        )
    documents: list[Parsed] = []
    diagnostics: list[Diagnostic] = []
    left = MAX_NODES
    for chunk in parts:
        plain = is_plain(chunk.text)
        value = _fast(chunk.text) if plain and engine is Engine.FAST else _UNREAD
        if value is _UNREAD:
            # libyaml and its binding cost more to load than a small catalog costs to read.
            from courier.planning.yaml.events import compose

            composed = compose(file, chunk, most=MAX_NODES if plain else left)
            left -= 0 if plain else composed.nodes
            diagnostics += composed.diagnostics
            value = None if composed.diagnostics else composed.value
        if value is not None:
            documents.append(Parsed(chunk, value))
    return YamlText(tuple(documents), tuple(diagnostics))


def plain_value(text: str) -> object:
    """Return what the text of a whole file says where it is plain; None where it says nothing.

    Also None where it is not plain, has several documents or cannot be read: `read_yaml` tells.
    """
    if not text.endswith("\n"):
        text += "\n"
    # No plain text has a document marker: a line of it starts with a key, an item or a space.
    value = _fast(text) if is_plain(text) else None
    return None if value is _UNREAD else value


_UNREAD = object()


def _fast(text: str) -> object:
    """Return the value of a plain text, or that the exact reader must say what is wrong."""
    loads, unreadable = _reader()
    try:
        return loads(text, parse_datetime=False)
    except unreadable:
        return _UNREAD


@cache
def _reader() -> tuple[Callable[..., object], type[Exception]]:
    """Return the fast parser and what it raises; loaded once, where there is plain text."""
    # It only annotates with paths.
    with standing_in("pathlib", Path=str):
        import yaml_rs

    return yaml_rs.loads, yaml_rs.YAMLDecodeError
