"""Reads the fields of one output line without trusting any of them."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias, cast

Fields: TypeAlias = Mapping[str, object]

_YEAR_10000 = 253_402_300_800

SHOWN_CHARACTERS = 2_000
"""How much of a tool call's arguments is shown."""


def parse(line: str) -> Fields | None:
    """Return the JSON object of a line; None if it holds none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast(Fields, value) if isinstance(value, dict) else None


def inner(fields: Fields, key: str) -> Fields:
    """Return an object inside; empty where there is none."""
    value = fields.get(key)
    return cast(Fields, value) if isinstance(value, dict) else {}


def items(fields: Fields, key: str) -> Iterator[Fields]:
    """Yield the objects of a list inside."""
    value = fields.get(key)
    if isinstance(value, list):
        yield from (cast(Fields, item) for item in value if isinstance(item, dict))


def words(fields: Fields, key: str) -> str:
    """Return a text; empty where there is none. Half characters become question marks."""
    value = fields.get(key)
    return whole(value) if isinstance(value, str) else ""


def count(fields: Fields, key: str) -> int:
    """Return a whole number of something; 0 where there is none."""
    value = fields.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def seconds(fields: Fields, key: str) -> float:
    """Return a number of milliseconds as seconds; 0 where there is none."""
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return value / 1000 if 0 < value < _YEAR_10000 else 0.0


def dollars(fields: Fields, key: str) -> Decimal | None:
    """Return an amount; None where there is none, which is not zero."""
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return Decimal(str(value)) if value >= 0 else None


def moment(value: object) -> datetime | None:
    """Return seconds since 1970 as a time in UTC; None where they make no sense."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return datetime.fromtimestamp(value, UTC) if 0 < value < _YEAR_10000 else None


def whole(value: str) -> str:
    """Return a text that can be stored: half characters become question marks."""
    return value.encode(errors="replace").decode()


def shown(given: Fields, telling: Sequence[str]) -> str:
    """Return a tool call's arguments as people read them, bounded.

    Args:
        given: The arguments.
        telling: Arguments that say on their own what a call is about, the most telling first.
    """
    text = next((words(given, key) for key in telling if words(given, key)), None)
    if text is None:
        text = whole(json.dumps(given, ensure_ascii=False))
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
