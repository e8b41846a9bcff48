"""Schedules: from what is written to the moments it means, in any time zone.

Days and times of day are those of the wall clock in the schedule's zone. A time the clock skips
happens at the next minute there is; a time that comes twice happens once, the first time.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from courier.planning.schedules.cron import Cron, parse_cron
from courier.planning.schedules.zones import zone_named

_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)
_END: Final = datetime.max.replace(tzinfo=UTC)
_FARTHEST: Final = timedelta(days=401 * 366)
"""How far ahead the next time is looked for: the calendar repeats after 400 years."""
_SKEW: Final = timedelta(days=2)
"""More than the date on any wall can differ from that of UTC, a skipped day included."""
_WEEKDAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """When something happens.

    Attributes:
        zone: Where the wall clock hangs.
        times: Times of day, in order, each once.
        days: Which days.
        start: The first day it may happen; None for no bound.
    """

    zone: ZoneInfo
    times: tuple[time, ...]
    days: "Days"
    start: date | None = None

    def occurrences(self, *, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield every moment later than ``after`` and not later than ``until``, in order, in UTC.

        Several times of day that fall on one moment are one.
        """
        last = after
        for day in self._days(after, until):
            for moment in self._moments(day):
                if moment > until:
                    return
                if moment > last:
                    yield moment
                    last = moment

    def next(self, after: datetime) -> datetime | None:
        """Return the first moment later than that, in UTC; None if there is none."""
        return _next(self, after)

    def latest(self, *, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield what `occurrences` yields, the last first."""
        earlier: datetime | None = None
        for day in self._days(after, until, newest_first=True):
            for moment in reversed(list(self._moments(day))):
                if moment <= after or moment > until or (earlier and moment >= earlier):
                    continue
                yield moment
                earlier = moment

    def _days(
        self, after: datetime, until: datetime, *, newest_first: bool = False
    ) -> Iterator[date]:
        low, high = after.date() - _SKEW, until.date() + _SKEW
        if self.start is not None:
            low = max(low, self.start)
        count = (high - low).days + 1
        places = range(count - 1, -1, -1) if newest_first else range(count)
        days = (low + timedelta(days=at) for at in places)
        return (day for day in days if self.days.fits(day))

    def _moments(self, day: date) -> Iterator[datetime]:
        return (moment_of(datetime.combine(day, at), self.zone) for at in self.times)


@dataclass(frozen=True, slots=True)
class Every:
    """Every so many days, counted from one of them."""

    days: int
    anchor: date

    def fits(self, day: date) -> bool:
        """Return whether it happens on that day."""
        return (day - self.anchor).days % self.days == 0


@dataclass(frozen=True, slots=True)
class Monthly:
    """One day of every month; in a shorter month, its last."""

    day: int

    def fits(self, day: date) -> bool:
        """Return whether it happens on that day."""
        return day.day == self.day or (day.day < self.day and (day + _DAY).day == 1)


Days = Every | Monthly | Cron
"""Which days something happens on."""


@lru_cache(maxsize=4096)
def _next(table: Timetable, after: datetime) -> datetime | None:
    until = after + min(_FARTHEST, _END - after - _SKEW)
    return next(table.occurrences(after=after, until=until), None)


def timetable(schedule: Mapping[str, Any]) -> Timetable:
    """Return when something happens, from a schedule that fits its schema, as plain JSON values.

    Raises:
        UnknownZone: If there is no such time zone.
        BadCron: If its cron expression means nothing.
    """
    return _timetable(json.dumps(schedule, sort_keys=True))


@lru_cache(maxsize=4096)
def _timetable(text: str) -> Timetable:
    schedule = json.loads(text)
    zone = zone_named(schedule.get("timezone", "UTC"))
    start = schedule.get("startDate")
    first = date.fromisoformat(start) if start is not None else None
    if "cron" in schedule:
        cron = parse_cron(schedule["cron"])
        times = tuple(time(hour, minute) for hour in cron.hours for minute in cron.minutes)
        return Timetable(zone, times, cron, first)
    at = time(schedule.get("hour", 0), schedule.get("minute", 0))
    return Timetable(zone, (at,), _days_of(schedule, first), first)


@lru_cache(maxsize=2048)
def moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when the wall clock of a zone first shows that time or, where it skips it, a later.

    Args:
        wall: A time without a zone.
        zone: Where the clock hangs.
    """
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _wall(moment, zone) == wall:
        return moment
    # In a gap the two folds lie on either side of it.
    low, high = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    while high - low > _MINUTE:
        middle = low + (high - low) // _MINUTE // 2 * _MINUTE
        low, high = (low, middle) if _wall(middle, zone) >= wall else (middle, high)
    return high


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _days_of(schedule: Mapping[str, Any], start: date | None) -> Days:
    frequency = schedule["frequency"]
    if frequency == "monthly":
        return Monthly(schedule["dayOfMonth"])
    anchor = start or date.min
    if frequency in ("weekly", "biweekly"):
        weekday = _WEEKDAYS.index(schedule["weekday"])
        # The first Monday there is, 0001-01-01, counts weeks for those who name no start.
        anchor += timedelta(days=(weekday - anchor.weekday()) % 7)
        return Every(7 if frequency == "weekly" else 14, anchor)
    return Every(2 if frequency == "everyOtherDay" else 1, anchor)
