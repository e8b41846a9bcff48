"""Small parts of the embedded engine: timers and stored failures."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest

from courier.diagnostics import Diagnostic, Severity
from courier.engine.inflight import Failure, StepFailed
from courier.engine.journal import errors
from courier.engine.journal.schema import from_micros, to_micros
from courier.engine.journal.timers import COMPACT_FROM, Timers
from courier.errors import CourierError, InvalidCatalog
from tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def timers(clock: FakeClock) -> AsyncIterator[Timers]:
    timers = Timers(clock)
    ringing = asyncio.ensure_future(timers.run())
    yield timers
    ringing.cancel()
    await asyncio.wait({ringing})


async def test_timers_ring_in_order_and_never_early(clock: FakeClock, timers: Timers) -> None:
    rung: list[tuple[str, datetime]] = []
    start = clock.now()

    def ring(name: str) -> None:
        rung.append((name, clock.now()))

    for name, seconds in (("c", 7_200), ("a", 1), ("b", 90)):
        timers.at(start + timedelta(seconds=seconds), partial(ring, name))
    await clock.advance(0.5)
    assert rung == []
    await clock.advance(10_000)
    assert [name for name, _ in rung] == ["a", "b", "c"]
    assert [moment - start for _, moment in rung] == [
        timedelta(seconds=seconds) for seconds in (1, 90, 7_200)
    ]


async def test_an_earlier_timer_rings_before_one_already_waited_for(
    clock: FakeClock, timers: Timers
) -> None:
    rung: list[str] = []
    timers.at(clock.now() + timedelta(seconds=50), lambda: rung.append("late"))
    await clock.advance(1)
    timers.at(clock.now() + timedelta(seconds=5), lambda: rung.append("soon"))
    await clock.advance(6)
    assert rung == ["soon"]


async def test_a_moment_that_has_passed_rings_at_once(clock: FakeClock, timers: Timers) -> None:
    rung: list[str] = []
    timers.at(clock.now() - timedelta(days=1), lambda: rung.append("past"))
    await clock.advance(0)
    assert rung == ["past"]


async def test_dropped_timers_do_not_ring_and_do_not_pile_up(
    clock: FakeClock, timers: Timers
) -> None:
    rung: list[str] = []
    moment = clock.now() + timedelta(days=7)
    timers.at(moment, lambda: rung.append("kept"))
    for _ in range(20 * COMPACT_FROM):
        timers.drop(timers.at(moment, lambda: rung.append("dropped")))
    assert len(timers._heap) <= 2 * COMPACT_FROM
    await clock.advance(8 * 24 * 3_600)
    assert rung == ["kept"]


def test_a_failure_with_parts_json_lacks_still_comes_back() -> None:
    problem = Diagnostic(Severity.ERROR, "UnknownField", "Unknown field")
    stored = json.loads(json.dumps(errors.to_json(InvalidCatalog([problem]))))
    again = errors.from_json(stored)
    assert isinstance(again, InvalidCatalog)
    assert again.summary == "1 problem(s) in .courier/"
    assert "UnknownField" in str(again.diagnostics[0])


def test_a_failure_whose_class_is_gone_comes_back_as_a_failed_step() -> None:
    class Passing(CourierError):
        pass

    stored = errors.to_json(Passing("It passed.", detail="Really."))
    assert isinstance(stored, dict)
    again = errors.from_json(stored | {"type": "Gone"})
    assert isinstance(again, StepFailed)
    assert errors.failure_of(stored) == Failure("Passing", "It passed. Really.")
    assert (again.type, again.message) == ("Gone", "It passed. Really.")


def test_a_failed_step_inside_a_step_keeps_the_first_type() -> None:
    again = errors.from_json(errors.to_json(StepFailed("KeyError", "'x'")))
    assert isinstance(again, StepFailed)
    assert (again.type, again.message) == ("KeyError", "'x'")


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 6, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    ],
)
def test_moments_are_stored_exactly(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment
