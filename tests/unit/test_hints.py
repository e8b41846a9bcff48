"""Hints: one at once, many soon, floods bounded."""

from courier.engine.passes.hints import BURST, REFILL, Hints
from tests.fakes.clock import FakeClock


async def test_a_hint_is_followed_once_and_at_once() -> None:
    hints = Hints(FakeClock(at="2026-01-02T03:00:00Z"))
    assert not hints.take()
    assert hints.wait is None
    hints.give()
    hints.give()
    assert hints.wait == 0
    assert hints.take()
    assert not hints.take()
    assert hints.wait is None


async def test_a_flood_is_followed_ever_so_often_and_its_last_hint_is_not_lost() -> None:
    clock = FakeClock(at="2026-01-02T03:00:00Z")
    hints, taken = Hints(clock), 0
    for _ in range(3600):
        hints.give()
        taken += hints.take()
        await clock.advance(1)
    assert taken <= BURST + 3600 / REFILL.total_seconds() + 1
    assert taken >= 3600 / REFILL.total_seconds()
    hints.give()
    while not hints.take():
        left = hints.wait
        assert left is not None
        assert 0 < left <= REFILL.total_seconds()
        await clock.advance(left + 0.001)
    assert hints.wait is None


async def test_after_a_quiet_time_many_are_followed_at_once_again() -> None:
    clock = FakeClock(at="2026-01-02T03:00:00Z")
    hints = Hints(clock)
    for _ in range(2):
        for _ in range(BURST):
            hints.give()
            assert hints.take()
        hints.give()
        assert not hints.take()
        await clock.advance(BURST * REFILL.total_seconds())
        assert hints.take()
        await clock.advance(BURST * REFILL.total_seconds())
