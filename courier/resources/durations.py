"""Lengths of time as people write them: a whole number and a unit, such as ``90s`` or ``15m``."""

from itertools import pairwise

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
"""Unit to seconds."""


def to_seconds(text: str) -> int:
    """Return the seconds of a duration such as ``90s``, ``15m``, ``4h`` or ``30d``.

    Raises:
        ValueError: If the text is not a duration.
    """
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not (number.isascii() and number.isdigit()):
        raise ValueError("not a duration")
    return int(number) * UNITS[unit]


def duration_pattern(low: str, high: str) -> str:
    """Return a regular expression that matches exactly the durations from low to high."""
    least, most = to_seconds(low), to_seconds(high)
    parts = [
        f"{number_pattern(-(-least // size), most // size)}{unit}"
        for unit, size in UNITS.items()
        if max(1, -(-least // size)) <= most // size
    ]
    return f"^({'|'.join(parts)})$"


def number_pattern(low: int, high: int) -> str:
    """Return a regular expression for the whole numbers from low (at least 1) to high."""
    low = max(low, 1)
    stops = {high}
    for power in range(1, len(str(high)) + 1):
        size = 10**power
        stops |= {stop for stop in (low // size * size + size - 1,) if low <= stop < high}
        stops |= {stop for stop in ((high + 1) // size * size - 1,) if low <= stop < high}
    edges = [low - 1, *sorted(stops)]
    return f"({'|'.join(_digits(start + 1, stop) for start, stop in pairwise(edges))})"


def _digits(low: int, high: int) -> str:
    pairs = zip(str(low), str(high), strict=True)
    return "".join(left if left == right else f"[{left}-{right}]" for left, right in pairs)
