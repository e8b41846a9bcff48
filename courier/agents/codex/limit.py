"""When a limit ends, as Codex tells people: to the minute, and today without saying that."""

import re
from datetime import datetime, timedelta
from typing import Final

_TRY_AGAIN: Final = re.compile(
    r"try again at (?:([A-Z][a-z]{2} \d{1,2})(?:st|nd|rd|th), (\d{4}) )?(\d{1,2}:\d{2} [AP]M)"
)

_MINUTE: Final = timedelta(minutes=1)


def limit_end(told: str, *, asked_at: datetime | None) -> datetime | None:
    """Return the end of the minute that the words name, in UTC; None where they name none.

    Args:
        told: Codex's words, told with UTC as its time zone.
        asked_at: When the turn began; without it a time of the day means nothing.
    """
    found = _TRY_AGAIN.search(told)
    if found is None:
        return None
    day, year, time = found.groups()
    if day is None:
        return None if asked_at is None else _next(time, asked_at)
    minute = _read(f"{day} {year} {time}")
    return None if minute is None else minute + _MINUTE


def _next(time: str, asked_at: datetime) -> datetime | None:
    """Return the end of the first such minute of a day that ends after a moment."""
    minute = _read(f"{asked_at:%b %d %Y} {time}")
    if minute is None:
        return None
    end = minute + _MINUTE
    return end if end > asked_at else end + timedelta(days=1)


def _read(text: str) -> datetime | None:
    try:
        return datetime.strptime(f"{text} +0000", "%b %d %Y %I:%M %p %z")
    except ValueError:
        return None
