"""A value inside a JSON value, by a path such as ``message.content.0.text``."""

import json
import math
from collections.abc import Mapping, Sequence

from courier.runs.texts.fields import whole


def at(value: object, path: str | None) -> object:
    """Return what is at the path; None where nothing is. A whole number is a place in a list."""
    if path is None:
        return None
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, Sequence) and not isinstance(value, str) and part.isdecimal():
            index = int(part[:9])
            value = value[index] if index < len(value) else None
        else:
            return None
    return value


def told(value: object) -> str:
    """Return a text as it is, and anything else that says something as JSON."""
    if value is None or value is False or value == {} or value == []:
        return ""
    return whole(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def number(value: object) -> int | float | None:
    """Return a number from zero up; None where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) and value >= 0 else None
