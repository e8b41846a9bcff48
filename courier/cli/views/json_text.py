"""Plain values as JSON that a terminal may show: nothing in it can move the cursor."""

import json


def to_json(value: object, *, indent: int | None = 2) -> str:
    """Return JSON with readable letters; every other sign is escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return "".join(sign if sign == "\n" or sign.isprintable() else _escaped(sign) for sign in text)


def _escaped(sign: str) -> str:
    return json.dumps(sign)[1:-1]
