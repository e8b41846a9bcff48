"""Reads the fields of one output line without trusting any of them."""

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias, cast

Fields: TypeAlias = Mapping[str, object]

_YEAR_10000 = 253_402_300_800


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
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


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
