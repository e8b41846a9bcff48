"""The pauses between looks: what they are, and what always holds of them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courier.runs.pullrequests.cadence import (
    BUSY,
    LOOKS,
    QUICKEST,
    SELDOM,
    SPREAD,
    apart,
    on_beat,
    pause_after,
)

ages = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))
paces = st.timedeltas(min_value=timedelta(milliseconds=10), max_value=timedelta(hours=1))
moments = st.integers(1_577_836_800, 2_208_988_800).map(lambda at: datetime.fromtimestamp(at, UTC))


@pytest.mark.parametrize(
    ("seconds", "quiet", "busy"),
    [
        (0, 15, 15),
        (59, 15, 15),
        (61, 30, 30),
        (301, 60, 60),
        (3601, 300, 60),
        (86_399, 300, 60),
        (86_401, 900, 900),
        (10_000_000, 900, 900),
    ],
)
def test_looks_become_rarer_the_longer_nothing_moves(seconds: int, quiet: int, busy: int) -> None:
    still = timedelta(seconds=seconds)
    assert pause_after(still) == timedelta(seconds=quiet)
    assert pause_after(still, is_busy=True) == timedelta(seconds=busy)


def test_the_table_has_one_order() -> None:
    assert [*LOOKS] == sorted(LOOKS)
    assert LOOKS[0][1] == QUICKEST < BUSY < LOOKS[-1][1] < SELDOM


@given(ages, ages, st.booleans())
def test_what_is_still_for_longer_is_not_looked_at_more_often(
    one: timedelta, other: timedelta, is_busy: bool
) -> None:
    less, more = sorted((one, other))
    assert pause_after(less, is_busy=is_busy) <= pause_after(more, is_busy=is_busy)


@given(ages)
def test_what_is_busy_is_not_looked_at_less_often(still: timedelta) -> None:
    assert QUICKEST <= pause_after(still, is_busy=True) <= pause_after(still) <= SELDOM


@given(ages, paces)
def test_all_pauses_grow_with_the_pace(still: timedelta, pace: timedelta) -> None:
    wanted = pause_after(still) * (pace / QUICKEST)
    assert pause_after(still, pace=pace) == wanted
    assert pause_after(still, pace=pace) >= pace - timedelta(microseconds=1)


@given(ages, st.text(max_size=20))
def test_things_keep_apart_within_bounds_and_always_alike(still: timedelta, key: str) -> None:
    pause = pause_after(still)
    own = apart(pause, key)
    assert own == apart(pause, key)
    assert pause * (1 - SPREAD) <= own <= pause * (1 + SPREAD)


def test_three_hundred_things_are_due_at_many_moments() -> None:
    assert len({apart(SELDOM, str(number)) for number in range(300)}) > 100


@given(moments, ages)
def test_a_beat_comes_within_a_pause_and_stays_where_it_is(at: datetime, still: timedelta) -> None:
    pause = pause_after(still)
    beat = on_beat(at, pause)
    assert at <= beat < at + pause
    assert on_beat(beat, pause) == beat


@given(moments, moments)
def test_whoever_pauses_as_long_shares_the_beat(one: datetime, other: datetime) -> None:
    assert (on_beat(one, BUSY) - on_beat(other, BUSY)) % BUSY == timedelta()


def test_without_a_pause_there_is_no_beat() -> None:
    at = datetime(2026, 1, 2, 3, tzinfo=UTC)
    assert on_beat(at, timedelta()) == at


@given(ages)
def test_a_day_of_looks_is_bounded(age: timedelta) -> None:
    still, looks = age, 0
    while still < age + timedelta(days=1):
        still += pause_after(still)
        looks += 1
    assert looks <= 4 + 8 + 55 + 12 * 23
