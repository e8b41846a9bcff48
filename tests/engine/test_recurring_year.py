"""A year of a daemon: the real reconciler, several zones, an outage, a bad week, failures."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from courier.engine.accounts.diaries import TaskRequest
from courier.ports.repository import Identity
from tests.engine.calendar_worlds import BASE, Simulation, task
from tests.unit.planning.wall_clock import utc, watched

BEGIN, END = utc("2026-01-01T00:00"), utc("2027-01-01T00:00")
AWAY, BACK = utc("2026-03-27T10:00"), utc("2026-03-31T09:00")
BAD_WEEK = utc("2026-06-01T12:00"), utc("2026-06-08T12:00")
RESUMED = utc("2026-10-20T12:00")
SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "nightly": {"frequency": "daily", "hour": 2, "minute": 30, "timezone": "Europe/Berlin"},
    "sixes": {"cron": "15 */6 * * *", "timezone": "America/New_York"},
    "month-end": {"frequency": "monthly", "dayOfMonth": 31, "hour": 12, "timezone": "Asia/Tokyo"},
    "mondays": {"frequency": "weekly", "weekday": "monday", "hour": 2, "minute": 15,
                "timezone": "Australia/Lord_Howe"},
    "fortnights": {"frequency": "biweekly", "weekday": "friday", "timezone": "Pacific/Apia",
                   "startDate": "2026-01-01"},
    "other-days": {"frequency": "everyOtherDay", "timezone": "Africa/Cairo",
                   "startDate": "2025-12-25"},
}  # fmt: skip
RULES: Mapping[str, Mapping[str, object]] = {
    "nightly": {},
    "sixes": {"overlap": "queue", "catchUp": "none"},
    "month-end": {"catchUp": "all"},
    "mondays": {"pauseAfterFailures": 3},
    "fortnights": {"catchUp": "all"},
    "other-days": {"overlap": "replace"},
}
FAILING = ("mondays-20260906", "mondays-20260913", "mondays-20260920")
LONG = timedelta(minutes=400)
NOON = ("1615z", "1715z")
Wanted = Callable[[datetime], bool]


def fate(run: str) -> tuple[timedelta, str]:
    if run.startswith("sixes"):
        # At noon one takes so long that the next has to wait for it.
        return (LONG if run.endswith(NOON) else timedelta(minutes=20)), "completed"
    failed = run.startswith(FAILING)
    return timedelta(minutes=35), "failed" if failed else "completed"


def documents(**changes: str) -> Mapping[str, str]:
    tasks = [task(name, str(SCHEDULES[name]), **RULES[name]) for name in SCHEDULES]
    return {".courier/all.yaml": BASE + "".join(tasks), **changes}


def expected(name: str, wanted: Wanted) -> list[str]:
    moments = watched(SCHEDULES[name], BEGIN, END, step=timedelta(minutes=15))
    return [f"{name}-{at:%Y%m%dt%H%Mz}" for at in moments if wanted(at)]


def missed(at: datetime) -> bool:
    return AWAY < at <= BACK


def always(_at: datetime) -> bool:
    return True


def latest_of_missed(name: str) -> Wanted:
    made_up = max(watched(SCHEDULES[name], AWAY, BACK))
    return lambda at: not missed(at) or at == made_up


WITHOUT_REMOTE = "nightly-20260210t0130z"
TRIPPED = utc("2026-09-20T16:00")
WANTED: Mapping[str, Wanted] = {
    "nightly": latest_of_missed("nightly"),
    "other-days": latest_of_missed("other-days"),
    "sixes": lambda at: not missed(at),
    "mondays": lambda at: not TRIPPED < at <= RESUMED,
}


@pytest.mark.slow
@pytest.mark.exhaustive
async def test_a_year(tmp_path: Path) -> None:
    year = Simulation.at(BEGIN.isoformat(), fate, tmp_path)
    year.repository.commit(documents())
    await an_hour_without_the_remote(year)
    await year.run_until(AWAY)
    await year.go_to(BACK)
    year.restart()
    await a_bad_week(year)
    await year.run_until(RESUMED)
    resume = TaskRequest("resume", "mondays", Identity("T", "t@example.com"), RESUMED)
    await year.state.write([resume.file], message="resume")
    await year.run_until(END)

    began = [run for run, _ in year.engine.began]
    assert len(began) == len(set(began))
    for name in SCHEDULES:
        assert year.names(name) == expected(name, WANTED.get(name, always)), name
    assert expected("mondays", lambda at: TRIPPED < at <= RESUMED) != []
    assert_punctual(year)
    year.index.close()


async def an_hour_without_the_remote(year: Simulation) -> None:
    await year.run_until(utc("2026-02-10T01:00"))
    year.restart()
    year.state.is_away = True
    await year.run_until(utc("2026-02-10T02:00"))
    year.state.is_away = False
    assert year.broken_off == 120


async def a_bad_week(year: Simulation) -> None:
    await year.run_until(BAD_WEEK[0])
    year.repository.commit(documents(**{".courier/bad.yaml": "kind: Nothing\n"}))
    before = year.problems
    await year.run_until(BAD_WEEK[1])
    assert year.problems > before
    year.repository.commit(documents())


def assert_punctual(year: Simulation) -> None:
    """Whatever came while a daemon ran and nothing was in its way began within its second."""
    for name in ("nightly", "mondays", "other-days", "fortnights", "month-end"):
        delays = year.delays(name)
        late = {run for run, delay in delays.items() if delay > timedelta(seconds=1)}
        assert late <= {*expected(name, missed)[-1:], WITHOUT_REMOTE}, name
        assert min(delays.values()) >= timedelta()
    delays = year.delays("sixes")
    waited = [round(delay / timedelta(minutes=1)) for delay in delays.values() if delay]
    assert waited == [40] * len([run for run in delays if run.endswith(NOON)])


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_the_year_holds_what_it_should(name: str) -> None:
    """The oracle is not empty, and knows of the clocks that are changed."""
    found = expected(name, lambda _: True)
    counts = {"nightly": 365, "month-end": 12, "mondays": 52, "fortnights": 27}
    assert counts.get(name, len(found)) == len(found)
    if name == "nightly":
        assert "nightly-20260329t0100z" in found
