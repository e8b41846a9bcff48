"""The exact YAML reader: one walk over libyaml's events gives values, places and every problem.

It never recurses, so hostile nesting cannot exhaust the stack, and it stops at the first node
too many. It is slower than the fast parser and is used where a text is not plain or not right.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from courier.diagnostics import Diagnostic, Position
from courier.planning.problems import error, quoted, shortened
from courier.planning.yaml.advice import unreadable
from courier.planning.yaml.gate import Chunk
from courier.planning.yaml.plain import MAX_NODES
from courier.planning.yaml.scalars import NotJson, resolve

MAX_DEPTH = 64
"""Deepest nesting of mappings and lists."""

Pointer = tuple[str | int, ...]

_MAX_PROBLEMS = 50


class Place(NamedTuple):
    """Where a value stands: its key, if it has one, and itself; (line, column) from 1."""

    key: tuple[int, int] | None
    value: tuple[int, int]
    empty: bool = False


class Composed(NamedTuple):
    """One document read exactly."""

    value: object
    places: dict[Pointer, Place]
    diagnostics: tuple[Diagnostic, ...]
    nodes: int


class _Stop(Exception):
    """Reading further is vain."""


class _Frame:
    """A collection that is being read."""

    __slots__ = ("items", "key", "key_at", "keys", "place", "pointer", "waiting")

    def __init__(self, items: dict[str, object] | list[object] | None, pointer: Pointer) -> None:
        self.items = items
        self.pointer = pointer
        self.waiting = isinstance(items, dict)  # for a key
        self.key: str | None = None
        self.key_at: tuple[int, int] | None = None
        self.keys: dict[str, int] = {}
        self.place = 0


def compose(file: str, chunk: Chunk, *, most: int = MAX_NODES) -> Composed:
    """Read one document; problems are collected, the value holds what could be read.

    Args:
        file: The path people see.
        chunk: The text.
        most: How many values to read at most.
    """
    builder = _Builder(file, chunk, most)
    builder.read()
    return Composed(builder.value, builder.places, tuple(builder.problems), builder.nodes)


@lru_cache(maxsize=4)
def places_in(chunk: Chunk) -> Mapping[Pointer, Place]:
    """Return where every value of a document stands, as far as it can be read."""
    return compose("", chunk).places


class _Builder:
    def __init__(self, file: str, chunk: Chunk, most: int) -> None:
        self.value: object = None
        self.places: dict[Pointer, Place] = {}
        self.problems: list[Diagnostic] = []
        self._file = file
        self._chunk = chunk
        self._stack: list[_Frame] = []
        self.nodes = 0
        self._most = most

    def read(self) -> None:
        """Walk the events to the end or to the point where going on is vain."""
        if self._chunk.text.lstrip().startswith("%"):
            detail = "Directives are not used: courier always reads YAML 1.2. Remove the line."
            self.problems.append(error("DirectiveRefused", "YAML directive", detail, self._at(0)))
            return
        try:
            for event in _events(self._chunk.text):
                self._take(event)
        except _Stop:
            return
        except yaml.YAMLError as broken:
            self.problems.append(unreadable(broken, self._file, self._chunk, self._opened()))

    def _take(self, event: Any) -> None:
        if isinstance(event, CollectionEndEvent):
            self._stack.pop()
        elif isinstance(event, NodeEvent):
            self.nodes += 1
            self._check_size(event)
            self._check_properties(event)
            self._take_node(event)
        elif isinstance(event, DocumentStartEvent) and self.nodes:
            detail = "Put `---` between two documents."
            self._refuse("NotYaml", "Not YAML", detail, event)
            raise _Stop

    def _check_size(self, event: Any) -> None:
        if self.nodes > self._most:
            detail = f"A file may hold at most {MAX_NODES:,} values. Split it."
            self._refuse("TooLarge", "Too many values", detail, event)
            raise _Stop
        if len(self._stack) >= MAX_DEPTH and not isinstance(event, ScalarEvent | AliasEvent):
            detail = f"Mappings and lists may be nested {MAX_DEPTH} deep. Make it flatter."
            self._refuse("TooDeep", "Nested too deep", detail, event)
            raise _Stop
        if len(self.problems) >= _MAX_PROBLEMS:
            raise _Stop

    def _check_properties(self, event: Any) -> None:
        if isinstance(event, AliasEvent) or event.anchor is not None:
            detail = "Anchors and aliases (`&`, `*`) are not used. Repeat it, or put it in quotes."
            self._refuse("AnchorRefused", "YAML anchor or alias", detail, event)
        elif event.tag is not None:
            detail = "Tags (`!`) are not used. Remove it, or put text that starts with ! in quotes."
            self._refuse("TagRefused", "YAML tag", detail, event)

    def _take_node(self, event: Any) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.waiting:
            self._take_key(frame, event)
            return
        value = self._made(event)
        pointer = self._put(frame, value, event)
        if isinstance(value, dict | list):
            self._stack.append(_Frame(value, pointer))

    def _take_key(self, frame: _Frame, event: Any) -> None:
        frame.waiting = False
        frame.key_at = self._spot(event)
        frame.key = None
        if not isinstance(event, ScalarEvent):
            self._refuse("KeyNotText", "Key is not text", "A key must be a word or text.", event)
            if isinstance(event, MappingStartEvent | SequenceStartEvent):
                items: Any = {} if isinstance(event, MappingStartEvent) else []
                self._stack.append(_Frame(items, (*frame.pointer, "?")))
            return
        frame.key = self._checked_key(frame, event)

    def _checked_key(self, frame: _Frame, event: Any) -> str | None:
        key: str = event.value
        if not event.style and not _is_text(key):
            detail = f'`{shortened(key)}` is not text here. Write "{shortened(key)}" in quotes.'
            self._refuse("KeyNotText", "Key is not text", detail, event)
            return None
        if not event.style and key == "<<":
            detail = "The merge key `<<` is not part of YAML 1.2. Write the fields out."
            self._refuse("MergeKeyRefused", "YAML merge key", detail, event)
            return None
        if key in frame.keys:
            detail = f"{quoted(key)} is already given on line {frame.keys[key]}. Keep one of them."
            self._refuse("DuplicateKey", "Key given twice", detail, event)
            return None
        frame.keys[key] = self._spot(event)[0]
        return key

    def _made(self, event: Any) -> object:
        if isinstance(event, MappingStartEvent):
            return {}
        if isinstance(event, SequenceStartEvent):
            return []
        if isinstance(event, AliasEvent):
            return None
        if event.style or event.tag is not None:
            return event.value
        try:
            return resolve(event.value)
        except NotJson:
            detail = (
                f"`{shortened(event.value)}` is infinite, not a number or beyond 64 bits. "
                "Write a smaller number, or put text in quotes."
            )
            self._refuse("OutOfRange", "Number out of range", detail, event)
            return None

    def _put(self, frame: _Frame | None, value: object, event: Any) -> Pointer:
        if frame is None:
            self.value = value
            self.places[()] = Place(None, self._spot(event))
            return ()
        if isinstance(frame.items, dict):
            return self._put_pair(frame, frame.items, value, event)
        pointer = (*frame.pointer, frame.place)
        frame.place += 1
        if frame.items is not None:
            frame.items.append(value)
        self.places.setdefault(pointer, Place(None, self._spot(event)))
        return pointer

    def _put_pair(
        self,
        frame: _Frame,
        items: dict[str, object],
        value: object,
        event: Any,
    ) -> Pointer:
        frame.waiting = True
        if frame.key is None:
            return (*frame.pointer, "?")
        items[frame.key] = value
        pointer = (*frame.pointer, frame.key)
        self.places[pointer] = Place(frame.key_at, self._spot(event), _is_empty(event))
        return pointer

    def _refuse(self, code: str, summary: str, detail: str, event: Any) -> None:
        line, column = self._spot(event)
        self.problems.append(error(code, summary, detail, Position(self._file, line, column)))

    def _spot(self, event: Any) -> tuple[int, int]:
        mark = event.start_mark
        return mark.line + 1 + self._chunk.line, mark.column + 1

    def _opened(self) -> tuple[int, int] | None:
        place = self.places.get(self._stack[-1].pointer) if self._stack else None
        return place.value if place else None

    def _at(self, line: int, column: int = 0) -> Position:
        return Position(self._file, line + 1 + self._chunk.line, column + 1)


def _is_empty(event: Any) -> bool:
    return isinstance(event, ScalarEvent) and not event.style and not event.value


def _is_text(word: str) -> bool:
    try:
        return isinstance(resolve(word), str)
    except NotJson:
        return False


def _events(text: str) -> Iterator[Any]:
    parser = CParser(text)
    try:
        while not isinstance(event := parser.get_event(), StreamEndEvent):
            yield event
    finally:
        parser.dispose()
