"""Schedules: the rules people rely on, and every zone against somebody who watches the clock."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courier.planning.schedules.schedule import timetable
from courier.planning.schedules.zones import UnknownZone, zone_named
from tests.unit.planning.wall_clock import WARM_UP, changes, utc, wall, watched

ZONES = sorted(
    name
    for name in available_timezones()
    if name not in ("localtime", "posixrules", "Factory") and not name.startswith("posix")
)
ODD_ZONES = (
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Apia",  # left a whole day out
    "Africa/Cairo",  # midnight, and years without
    "Africa/Casablanca",  # winter time in Ramadan
    "America/Caracas",
    "Antarctica/Troll",  # two hours
    "Asia/Gaza",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "America/Godthab",
    "Europe/Dublin",
    "Pacific/Fakaofo",
)
PARTS = 12
FIRST, LAST = utc("2011-01-01"), utc("2031-01-01")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Schedule = Mapping[str, Any]


def between(schedule: Schedule, after: str, until: str) -> list[str]:
    found = timetable(schedule).occurrences(after=utc(after), until=utc(until))
    return [f"{at:%Y-%m-%dT%H:%M}" for at in found]


def schedules(zones: st.SearchStrategy[str]) -> st.SearchStrategy[Schedule]:
    whole_hours, minutes = st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 45, 59])
    time = {"timezone": zones, "hour": whole_hours, "minute": minutes}
    starts = st.dates(date(2010, 1, 1), date(2031, 1, 1)).map(str)
    start = {"startDate": starts}
    weekday = {"weekday": st.sampled_from(WEEKDAYS)}
    month_day = {"dayOfMonth": st.integers(1, 31)}

    def made(frequency: str, fields: Mapping[str, Any], **may: Any) -> st.SearchStrategy[Schedule]:
        return st.fixed_dictionaries({"frequency": st.just(frequency), **fields}, optional=may)

    return st.one_of(
        made("daily", time, **start),
        made("everyOtherDay", {**time, **start}),
        made("weekly", {**time, **weekday}, **start),
        made("biweekly", {**time, **weekday, **start}),
        made("monthly", {**time, **month_day}, **start),
    )


def agree(schedule: Schedule, after: datetime, until: datetime) -> None:
    expected = watched(schedule, after, until)
    table = timetable(schedule)
    assert list(table.occurrences(after=after, until=until)) == expected
    assert list(table.latest(after=after, until=until)) == expected[::-1]
    if expected:
        assert table.next(after) == expected[0]


def test_a_time_the_clock_skips_is_the_next_minute_there_is() -> None:
    berlin = {"frequency": "daily", "hour": 2, "minute": 30, "timezone": "Europe/Berlin"}
    assert between(berlin, "2026-03-28", "2026-03-31") == [
        "2026-03-28T01:30",
        "2026-03-29T01:00",
        "2026-03-30T00:30",
    ]


def test_a_time_that_comes_twice_happens_the_first_time() -> None:
    berlin = {"frequency": "daily", "hour": 2, "minute": 30, "timezone": "Europe/Berlin"}
    assert between(berlin, "2026-10-24T12:00", "2026-10-26T12:00") == [
        "2026-10-25T00:30",
        "2026-10-26T01:30",
    ]


def test_times_that_fall_on_one_moment_are_one() -> None:
    quarters = {"cron": "*/15 1-3 * * *", "timezone": "Europe/Berlin"}
    assert between(quarters, "2026-03-29T00:30", "2026-03-29T01:30") == [
        "2026-03-29T00:45",
        "2026-03-29T01:00",
        "2026-03-29T01:15",
        "2026-03-29T01:30",
    ]


def test_a_day_that_a_country_left_out_is_made_up_for_at_the_start_of_the_next() -> None:
    apia = {"frequency": "daily", "hour": 9, "timezone": "Pacific/Apia"}
    assert between(apia, "2011-12-29", "2012-01-01") == [
        "2011-12-29T19:00",  # the 29th
        "2011-12-30T10:00",  # the 30th, which there was none of: midnight of the 31st
        "2011-12-30T19:00",  # the 31st
        "2011-12-31T19:00",
    ]


def test_the_last_days_of_a_month_fall_on_its_last_day() -> None:
    for day, february in ((28, "28"), (29, "28"), (30, "28"), (31, "28")):
        monthly = {"frequency": "monthly", "dayOfMonth": day}
        assert between(monthly, "2026-02-01T00:01", "2026-02-28T23:59") == [
            f"2026-02-{february}T00:00"
        ]
    leap = {"frequency": "monthly", "dayOfMonth": 30}
    assert between(leap, "2028-02-02", "2028-04-30") == [
        "2028-02-29T00:00",
        "2028-03-30T00:00",
        "2028-04-30T00:00",
    ]


def test_every_other_day_and_biweekly_count_from_their_start() -> None:
    days = {"frequency": "everyOtherDay", "startDate": "2026-11-21"}
    assert between(days, "2026-11-01", "2026-11-26") == [
        "2026-11-21T00:00",
        "2026-11-23T00:00",
        "2026-11-25T00:00",
    ]
    weeks = {"frequency": "biweekly", "weekday": "monday", "startDate": "2026-11-21"}
    assert between(weeks, "2026-11-01", "2026-12-22") == [
        "2026-11-23T00:00",
        "2026-12-07T00:00",
        "2026-12-21T00:00",
    ]


def test_nothing_happens_before_its_start() -> None:
    for rest in ({"frequency": "daily"}, {"cron": "0 0 * * *"}):
        schedule = {**rest, "startDate": "2026-11-21", "timezone": "Asia/Tokyo"}
        assert between(schedule, "2026-11-18", "2026-11-22") == [
            "2026-11-20T15:00",
            "2026-11-21T15:00",
        ]


def test_the_next_time_is_found_however_far_it_is() -> None:
    leap_days = timetable({"cron": "0 0 29 2 *"})
    assert leap_days.next(utc("2096-03-01")) == utc("2104-02-29")
    assert timetable({"cron": "0 0 30 2 *"}).next(utc("2026-01-01")) is None


def test_a_zone_must_be_in_the_database() -> None:
    for name in ("Europe/Berlinn", "Europe", "localtime", "posix/UTC", "posixrules", "Factory"):
        with pytest.raises(UnknownZone):
            zone_named(name)


DAYS = st.integers(0, 20 * 365)
ANY_ZONE, ODD_ZONE = schedules(st.sampled_from(ZONES)), schedules(st.sampled_from(ODD_ZONES))


def agree_on_a_day(schedule: Schedule, day: int) -> None:
    after = FIRST + timedelta(days=day, minutes=day % 1440)
    agree(schedule, after, after + timedelta(days=2))


def agree_on_a_change(schedule: Schedule, which: int) -> None:
    year, zone = 2011 + which % 20, ZoneInfo(schedule["timezone"])
    near = changes(zone, utc(f"{year}-01-01"), utc(f"{year + 1}-01-01")) or [utc(f"{year}-07-01")]
    around = near[which % len(near)]
    agree(schedule, around - timedelta(days=1), around + timedelta(days=1))


@settings(max_examples=10, deadline=None)
@given(schedule=ANY_ZONE, day=DAYS)
def test_any_schedule_in_any_zone_is_what_the_clock_on_the_wall_says(
    schedule: Schedule, day: int
) -> None:
    agree_on_a_day(schedule, day)


@settings(max_examples=10, deadline=None)
@given(schedule=ODD_ZONE, which=DAYS)
def test_so_it_is_where_clocks_are_changed(schedule: Schedule, which: int) -> None:
    agree_on_a_change(schedule, which)


@pytest.mark.slow
@pytest.mark.exhaustive
@settings(max_examples=1000, deadline=None)
@given(schedule=ANY_ZONE | ODD_ZONE, at=DAYS)
def test_so_it_is_everywhere(schedule: Schedule, at: int) -> None:
    agree_on_a_day(schedule, at)
    agree_on_a_change(schedule, at)


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.exhaustive) for part in range(1, PARTS))]
)
def test_twenty_years_of_every_zone(part: int) -> None:
    """Every change of clocks, at every quarter of an hour, and days between."""
    for name in ZONES[part::PARTS]:
        twenty_years_of(name)


def twenty_years_of(name: str) -> None:
    zone, table = ZoneInfo(name), timetable({"cron": "*/15 * * * *", "timezone": name})
    for around in changes(zone, FIRST, LAST):
        after, until = around - timedelta(hours=8), around + timedelta(hours=30)
        found = list(table.occurrences(after=after, until=until))
        assert found == quarters_watched(zone, after, until, timedelta(minutes=1)), name
        assert list(table.latest(after=after, until=until)) == found[::-1], name
    for month in range(0, 240, 5):
        after = utc(f"{2011 + month // 12}-{month % 12 + 1:02d}-14")
        until = after + timedelta(hours=26)
        found = list(table.occurrences(after=after, until=until))
        assert found == quarters_watched(zone, after, until, timedelta(minutes=15)), name


def quarters_watched(
    zone: ZoneInfo, after: datetime, until: datetime, step: timedelta
) -> list[datetime]:
    """Return when the clock reaches or passes a quarter it did not show before."""
    found, moment = [], after - WARM_UP
    shown = wall(moment, zone)
    while moment < until:
        moment += step
        reading = wall(moment, zone)
        if reading > shown:
            quarter = reading.replace(minute=reading.minute // 15 * 15, second=0)
            if moment > after and quarter > shown:
                found.append(moment)
            shown = reading
    return found
