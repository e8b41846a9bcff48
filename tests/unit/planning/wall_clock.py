"""An oracle for schedules: somebody who looks at the clock on the wall, minute after minute.

It knows nothing of offsets, gaps and folds. Every reading of the clock is acted on once: the first
time the clock shows it, or the first time it shows something later.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
WARM_UP = timedelta(hours=25)
"""Longer than any clock was ever set back."""


def watched(
    schedule: Mapping[str, Any],
    after: datetime,
    until: datetime,
    *,
    step: timedelta = MINUTE,
) -> list[datetime]:
    """Return when it happens, from looking at the clock at every minute of UTC.

    Args:
        schedule: By frequency, or every so many hours: a cron expression such as `15 */6 * * *`.
        after: Nothing up to here counts.
        until: Nothing later counts.
        step: How often to look; enough for schedules and zones whose minutes are multiples of it.
    """
    zone = ZoneInfo(schedule.get("timezone", "UTC"))
    found = []
    shown = wall(after - WARM_UP, zone)
    moment = after - WARM_UP
    while moment < until:
        moment += step
        reading = wall(moment, zone)
        if reading <= shown:
            continue
        if moment > after and any(is_wanted(schedule, each) for each in between(shown, reading)):
            found.append(moment)
        shown = reading
    return found


def wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def between(earlier: datetime, later: datetime) -> Iterator[datetime]:
    """Yield every minute on a clock's face later than one and up to another."""
    while earlier < later:
        earlier += MINUTE
        yield earlier


def is_wanted(schedule: Mapping[str, Any], reading: datetime) -> bool:
    """Return whether a schedule means that reading of the clock."""
    if "cron" in schedule:
        minute, every = schedule["cron"].split()[:2]
        hours = int(every.removeprefix("*/")) if every != "*" else 1
        return reading.minute == int(minute) and reading.hour % hours == 0
    at = (schedule.get("hour", 0), schedule.get("minute", 0))
    day = reading.date()
    start = date.fromisoformat(schedule["startDate"]) if "startDate" in schedule else None
    if (reading.hour, reading.minute) != at or (start and day < start):
        return False
    weekday: str | None = schedule.get("weekday")
    if weekday is not None and f"{day:%A}".lower() != weekday:
        return False
    match schedule["frequency"]:
        case "everyOtherDay":
            assert start is not None
            return (day.toordinal() - start.toordinal()) % 2 == 0
        case "biweekly":
            assert start is not None
            # How many of its weekdays there were from the start on, this one included, is odd.
            weekdays = (day - timedelta(days=7 * back) for back in range(20_000))
            return sum(1 for _ in _until(weekdays, start)) % 2 == 1
        case "monthly":
            wanted: int = schedule["dayOfMonth"]
            return day.day == min(wanted, monthrange(day.year, day.month)[1])
        case _:
            return True


def _until(days: Iterator[date], start: date) -> Iterator[date]:
    for day in days:
        if day < start:
            return
        yield day


def changes(zone: ZoneInfo, first: datetime, last: datetime) -> list[datetime]:
    """Return about when, to six hours, a zone's clocks are changed between two moments."""
    looks = range(int((last - first) / timedelta(hours=6)))
    moments = [first + timedelta(hours=6 * at) for at in looks]
    offsets = [moment.astimezone(zone).utcoffset() for moment in moments]
    return [
        moment
        for moment, (before, after) in zip(moments[1:], pairwise(offsets), strict=True)
        if before != after
    ]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
