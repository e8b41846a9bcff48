"""Cron expressions: from five fields to the days and times of day they mean.

A field is a list of values, ranges and steps; days of the week go from 0 or 7 for Sunday, and
months and days have their English names too. Beyond that ``L`` is the last day of the month, ``5L``
its last Friday, and ``1#2`` its second Monday. Where one field of days begins with ``*`` both must
fit, as always in cron; where neither does, one of them is enough.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun")
_MONTHS_2: Final = ("jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART: Final = re.compile(r"(\*|\?|[0-9]+|[a-z]+)(?:-([0-9]+|[a-z]+))?(?:/([0-9]+))?")
_NTH: Final = re.compile(r"([0-9]+|[a-z]{3})#([0-9]+)")
_LAST: Final = re.compile(r"([0-9]+|[a-z]{3})l")
_CYCLE_START: Final = date(2000, 1, 1)
_CYCLE_DAYS: Final = 146_097


class _Field(NamedTuple):
    """One of the five fields: its name for people, its bounds, and the words it knows."""

    label: str
    low: int
    high: int
    words: Mapping[str, int] = {}
    has_any: bool = False


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31, has_any=True),
    _Field("month", 1, 12, {word: at for at, word in enumerate((*_MONTHS, *_MONTHS_2), start=1)}),
    _Field("day of week", 0, 7, {word: at for at, word in enumerate(_WEEKDAYS)}, has_any=True),
)


class BadCron(ValueError):
    """A cron expression that means nothing; its text says which field and why."""


class Cron(NamedTuple):
    """What a cron expression means.

    Attributes:
        minutes: Minutes of the hour, in order.
        hours: Hours of the day, in order.
        days: Days of the month.
        months: Months, from 1.
        weekdays: Days of the week, Sunday being 0.
        nth: Days of the week, each with which of the month it is; -1 is the last.
        has_last_day: Whether the last day of the month is meant.
        needs_both: Whether a day must fit both its month and its week.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    nth: frozenset[tuple[int, int]] = frozenset()
    has_last_day: bool = False
    needs_both: bool = True

    def fits(self, day: date) -> bool:
        """Return whether it happens on that day."""
        if day.month not in self.months:
            return False
        by_month, by_week = self._in_month(day), self._in_week(day)
        return (by_month and by_week) if self.needs_both else (by_month or by_week)

    def ever_fits(self) -> bool:
        """Return whether there is such a day at all; the calendar repeats after 400 years."""
        days = (_CYCLE_START + timedelta(days=at) for at in range(_CYCLE_DAYS))
        return any(self.fits(day) for day in days)

    def _in_month(self, day: date) -> bool:
        if day.day in self.days:
            return True
        return self.has_last_day and day.day == monthrange(day.year, day.month)[1]

    def _in_week(self, day: date) -> bool:
        weekday = day.isoweekday() % 7
        if weekday in self.weekdays:
            return True
        if not self.nth:
            return False
        is_last = day.day + 7 > monthrange(day.year, day.month)[1]
        return (weekday, (day.day + 6) // 7) in self.nth or (is_last and (weekday, -1) in self.nth)


def parse_cron(text: str) -> Cron:
    """Return what an expression of five fields means.

    Raises:
        BadCron: If it means nothing.
    """
    fields = text.lower().split(" ")
    if len(fields) != len(_FIELDS):
        raise BadCron(f"A cron expression has five fields; this has {len(fields)}.")
    minutes, hours, days, months, weekdays = map(_parse, fields, _FIELDS)
    return Cron(
        minutes=tuple(sorted(minutes.values)),
        hours=tuple(sorted(hours.values)),
        days=frozenset(days.values),
        months=frozenset(months.values),
        weekdays=frozenset(value % 7 for value in weekdays.values),
        nth=frozenset(weekdays.nth),
        has_last_day=days.has_last,
        needs_both=any(told.startswith(("*", "?")) for told in (fields[2], fields[4])),
    )


class _Parsed(NamedTuple):
    values: set[int]
    nth: set[tuple[int, int]]
    has_last: bool


def _parse(text: str, known: _Field) -> _Parsed:
    values: set[int] = set()
    nth: set[tuple[int, int]] = set()
    has_last = False
    for part in text.split(","):
        if known.label == "day of month" and part == "l":
            has_last = True
        elif known.label == "day of week" and (one := _numbered(part, known)):
            nth.add(one)
        else:
            values.update(_range(part, known))
    return _Parsed(values, nth, has_last)


def _numbered(part: str, known: _Field) -> tuple[int, int] | None:
    """Return which day of the week of the month a part means; None where it means no such."""
    if found := _NTH.fullmatch(part):
        which = int(found[2])
        if not 1 <= which <= 5:
            raise _bad(known, part, "a month has a first to a fifth of a weekday, #1 to #5")
        return _value(found[1], known, part) % 7, which
    if found := _LAST.fullmatch(part):
        return _value(found[1], known, part) % 7, -1
    return None


def _range(part: str, known: _Field) -> Iterator[int]:
    found = _PART.fullmatch(part)
    if found is None:
        raise _bad(known, part, "it is no value, range or step")
    first, last, step = found[1], found[2], int(found[3] or 1)
    if step == 0:
        raise _bad(known, part, "a step is at least 1")
    if first in ("*", "?"):
        if last or (first == "?" and not (known.has_any and part == "?")):
            raise _bad(known, part, "`?` stands alone for any day, and `*` begins no range")
        return iter(range(known.low, _highest(known) + 1, step))
    low = _value(first, known, part)
    high = _value(last, known, part) if last else (_highest(known) if found[3] else low)
    if high < low:
        raise _bad(known, part, f"the range ends before it begins; write {low}-{_highest(known)}")
    return iter(range(low, high + 1, step))


def _highest(known: _Field) -> int:
    return 6 if known.label == "day of week" else known.high


def _value(text: str, known: _Field, part: str) -> int:
    if text in known.words:
        return known.words[text]
    if not text.isdecimal():
        raise _bad(known, part, "there is no such word")
    value = int(text)
    if not known.low <= value <= known.high:
        raise _bad(known, part, f"it goes from {known.low} to {known.high}")
    return value


def _bad(known: _Field, part: str, why: str) -> BadCron:
    return BadCron(f"The {known.label} `{part}` is not understood: {why}.")
