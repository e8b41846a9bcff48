"""Cron expressions: what they mean, what is refused, and croniter as a second opinion."""

from datetime import UTC, datetime, timedelta

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from courier.planning.schedules.cron import BadCron, parse_cron
from courier.planning.schedules.schedule import timetable

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def days(text: str, *, year: int = 2026) -> list[str]:
    first = datetime(year, 1, 1, tzinfo=UTC) - timedelta(minutes=1)
    found = timetable({"cron": f"0 0 {text}"}).occurrences(
        after=first, until=first + timedelta(days=366)
    )
    return [f"{at:%m-%d}" for at in found if at.year == year]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 */3 *", ["01-01", "04-01", "07-01", "10-01"]),
        ("L 2 *", ["02-28"]),
        ("30,L feb *", ["02-28"]),
        ("29-31 2,4 *", ["04-29", "04-30"]),
        ("* jan mon#2", ["01-12"]),
        ("* jan 5L", ["01-30"]),
        ("? jan 0", ["01-04", "01-11", "01-18", "01-25"]),
        ("* jan 7", ["01-04", "01-11", "01-18", "01-25"]),
        (
            "* jan 6-7",
            ["01-03", "01-04", "01-10", "01-11", "01-17", "01-18", "01-24", "01-25", "01-31"],
        ),
        ("13 1 fri", ["01-02", "01-09", "01-13", "01-16", "01-23", "01-30"]),
        ("*/10 1 thu", ["01-01"]),
        ("1/10 jan *", ["01-01", "01-11", "01-21", "01-31"]),
        ("30 2 *", []),
    ],
)
def test_days(text: str, expected: list[str]) -> None:
    assert days(text) == expected


def test_whether_it_ever_happens_is_known_without_waiting_for_it() -> None:
    assert parse_cron("0 0 29 2 *").ever_fits()
    assert parse_cron("0 0 ? 2 1#5").ever_fits()
    assert parse_cron("0 0 31 4 1").ever_fits()
    assert not parse_cron("0 0 30 2 *").ever_fits()
    assert not parse_cron("0 0 31 4,6,9,11 *").ever_fits()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("60 * * * *", "The minute `60` is not understood: it goes from 0 to 59"),
        ("* 24 * * *", "The hour `24`"),
        ("* * 0 * *", "The day of month `0`"),
        ("* * * 13 *", "The month `13`"),
        ("* * * * 8", "The day of week `8`"),
        ("*/0 * * * *", "a step is at least 1"),
        ("30-10 * * * *", "the range ends before it begins"),
        ("* * * * fri-mon", "the range ends before it begins"),
        ("* * * foo *", "there is no such word"),
        ("* * mon * *", "there is no such word"),
        ("? * * * *", "`?` stands alone"),
        ("* * ?/2 * *", "`?` stands alone"),
        ("*-5 * * * *", "`*` begins no range"),
        ("* * * * 1#6", "#1 to #5"),
        ("* * 15W * *", "no value, range or step"),
        ("1,, * * * *", "no value, range or step"),
        ("L * * * *", "there is no such word"),
        ("* * * *", "has five fields; this has 4"),
        ("* * * * * *", "has five fields; this has 6"),
    ],
)
def test_what_means_nothing_is_refused_and_says_why(text: str, says: str) -> None:
    with pytest.raises(BadCron) as refused:
        parse_cron(text)
    assert says in str(refused.value)


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    value = st.integers(low, high)
    step = st.integers(1, high)
    # A range of one value means every value to croniter.
    pairs = st.tuples(value, value).filter(lambda ends: ends[0] != ends[1])
    ranged = pairs.map(lambda ends: f"{min(ends)}-{max(ends)}")
    part = st.one_of(
        value.map(str),
        ranged,
        st.builds(lambda told, by: f"{told}/{by}", ranged, step),
        st.builds(lambda by: f"*/{by}", step),
    )
    lists = st.lists(part, min_size=1, max_size=3).map(",".join)
    # A list that leaves no value out is the same as `*` to croniter, whatever it begins with.
    return st.just("*") | lists.filter(lambda text: not holds_all(text, low, high))


def holds_all(text: str, low: int, high: int) -> bool:
    held: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = f"{low}-{high}".partition("-") if span == "*" else span.partition("-")
        held.update(range(int(first), int(last or first) + 1, int(step or 1)))
    return len(held) == high - low + 1


@settings(max_examples=30, deadline=None)
@given(
    st.tuples(fields(0, 59), fields(0, 23), fields(1, 31), fields(1, 12), fields(0, 6)),
    st.integers(0, 365 * 24 * 60),
)
def test_croniter_means_the_same_in_utc(parts: tuple[str, ...], minutes: int) -> None:
    text, after = " ".join(parts), NEW_YEAR + timedelta(minutes=minutes)
    if not parse_cron(text).ever_fits():
        return
    # What it calls a bug of cron is what cron's manual says: a field that begins with `*` is free.
    peer = croniter(text, after, implement_cron_bug=True)
    table, moment = timetable({"cron": text}), after
    for _ in range(5):
        found = table.next(moment)
        assert found == peer.get_next(datetime)
        assert found is not None
        moment = found
