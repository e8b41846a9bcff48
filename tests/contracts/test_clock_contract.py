"""What every clock promises."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta
from typing import NamedTuple

import pytest

from courier.ports.clock import Clock
from courier.system import SystemClock
from tests.fakes.clock import FakeClock


class Case(NamedTuple):
    clock: Clock
    let_pass: Callable[[float], Awaitable[None]]


@pytest.fixture(params=["system", "fake"])
def case(request: pytest.FixtureRequest) -> Case:
    if request.param == "system":
        return Case(SystemClock(), asyncio.sleep)
    fake = FakeClock()
    return Case(fake, fake.advance)


async def test_now_is_aware_and_in_utc(case: Case) -> None:
    assert case.clock.now().utcoffset() == timedelta(0)
    assert case.clock.now().tzinfo is UTC


async def test_time_moves_forward_by_what_passed(case: Case) -> None:
    moment, seconds = case.clock.now(), case.clock.monotonic()
    await case.let_pass(0.02)
    assert case.clock.monotonic() - seconds >= 0.019
    assert case.clock.now() - moment >= timedelta(seconds=0.019)


@pytest.mark.parametrize("seconds", [0, -1])
async def test_sleeping_for_nothing_returns_at_once(case: Case, seconds: float) -> None:
    await asyncio.wait_for(case.clock.sleep(seconds), 1)


async def test_a_sleeper_wakes_once_its_time_has_passed(case: Case) -> None:
    sleeper = asyncio.ensure_future(case.clock.sleep(0.05))
    await case.let_pass(0.02)
    assert not sleeper.done()
    await case.let_pass(0.06)
    await asyncio.wait_for(sleeper, 1)


async def test_sleepers_wake_in_the_order_of_their_moments(case: Case) -> None:
    woken: list[str] = []

    async def nap(name: str, seconds: float) -> None:
        await case.clock.sleep(seconds)
        woken.append(name)

    naps = [asyncio.ensure_future(nap(name, s)) for name, s in (("late", 0.06), ("soon", 0.02))]
    await case.let_pass(0.1)
    await asyncio.wait_for(asyncio.gather(*naps), 1)
    assert woken == ["soon", "late"]


async def test_a_sleeper_can_be_cancelled(case: Case) -> None:
    sleeper = asyncio.ensure_future(case.clock.sleep(60))
    await asyncio.sleep(0)
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    await case.let_pass(0.01)
