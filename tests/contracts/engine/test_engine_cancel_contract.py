"""What every engine promises of runs somebody asks to stop."""

import asyncio

import pytest

from courier.engine.seam import (
    Cancellation,
    Context,
    Json,
    Phase,
    RunCancelled,
    StepIO,
    StepPhase,
)
from courier.errors import NotFound, Unavailable
from tests.contracts.engine.lab import Effects, Lab, idle, soon


async def test_a_run_that_never_started_is_not_entered(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        effects.seen.append("entered")
        return None

    engine = await lab.start(limits={"default": 0}, flow=flow)
    await engine.submit("run", flow="flow", input=None)
    assert await engine.cancel("run", by="ann", reason="wrong day")
    state = await lab.end()
    engine.limit("default", concurrency=None)
    assert state.phase is Phase.CANCELLED
    assert state.cancellation == Cancellation("ann", "wrong day")
    await engine.submit("other", flow="flow", input=None)
    await lab.end("other")
    assert effects.seen == ["entered"]


async def test_a_run_that_must_not_start_yet_can_be_cancelled(lab: Lab) -> None:
    engine = await lab.start(flow=idle)
    await engine.submit("run", flow="flow", input=None, not_before=soon(60))
    assert await engine.cancel("run", by="ann", reason="")
    assert (await lab.end()).phase is Phase.CANCELLED


async def test_an_open_step_is_cancelled_and_awaited_first(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        try:
            return await context.step("work", effects.hang("work"))
        except RunCancelled as asked:
            effects.seen.append(f"cancelled by {asked.by}: {asked.reason}")
            raise

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await effects.until("work")
    assert await engine.cancel("run", by="ann", reason="too slow")
    state = await lab.end()
    assert effects.seen == ["work", "work let go", "cancelled by ann: too slow"]
    assert (state.phase, state.error) == (Phase.CANCELLED, None)
    assert state.cancellation == Cancellation("ann", "too slow")
    (step,) = await engine.steps("run")
    assert step.phase is StepPhase.CANCELLED


@pytest.mark.slow
@pytest.mark.parametrize("by", ["cancel", "stop"])
async def test_a_step_that_loses_one_request_to_stop_is_asked_again(
    lab: Lab, effects: Effects, by: str
) -> None:
    async def work(_io: StepIO) -> Json:
        effects.seen.append("work")
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            # As a client does that takes it for a cut link, and tries again.
            effects.seen.append("tried again")
        await asyncio.sleep(3_600)
        return None

    async def flow(context: Context) -> Json:
        return await context.step("work", work)

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await effects.until("work")
    async with asyncio.timeout(60):
        if by == "cancel":
            await engine.cancel("run", by="ann", reason="too slow")
            assert (await lab.end()).phase is Phase.CANCELLED
        else:
            await engine.stop()
    assert effects.seen == ["work", "tried again"]


async def sleep_long(context: Context) -> None:
    await context.sleep("nap", soon(3_600))


async def wait_long(context: Context) -> None:
    await context.signal("go")


async def wait_long_with_an_end(context: Context) -> None:
    await context.signal("go", until=soon(3_600))


@pytest.mark.parametrize("rest", [sleep_long, wait_long, wait_long_with_an_end])
async def test_a_run_at_rest_wakes_at_once(lab: Lab, effects: Effects, rest: object) -> None:
    async def flow(context: Context) -> Json:
        assert callable(rest)
        try:
            await rest(context)
        except RunCancelled:
            return await context.step("tidy", effects.note("tidy"))
        return None

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(phase=Phase.WAITING)
    await engine.cancel("run", by="ann", reason="enough")
    state = await lab.end()
    assert (state.phase, state.result) == (Phase.CANCELLED, "tidy")


async def test_between_two_steps_it_is_the_next_that_raises(lab: Lab, effects: Effects) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def flow(context: Context) -> Json:
        reached.set()
        await go_on.wait()
        try:
            await context.step("next", effects.note("next"))
        except RunCancelled:
            return await context.step("tidy", effects.note("tidy"))
        return None

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await reached.wait()
    await engine.cancel("run", by="ann", reason="enough")
    go_on.set()
    assert (await lab.end()).phase is Phase.CANCELLED
    assert effects.seen == ["tidy"]


async def test_cleaning_up_may_sleep_wait_and_read_the_clock(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        try:
            await context.step("work", effects.hang("work"))
        except RunCancelled:
            await context.now("clock")
            await context.sleep("nap", soon(0.03))
            said = await context.signal("bye", until=soon(5))
            return await context.step("tidy", effects.note(f"tidy {said}"))
        return None

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await effects.until("work")
    await engine.cancel("run", by="ann", reason="enough")
    await engine.send("run", "bye", "now")
    assert (await lab.end()).result == "tidy now"


async def test_a_replay_raises_it_at_the_same_place(lab: Lab, effects: Effects) -> None:
    places: list[str] = []

    async def flow(context: Context) -> Json:
        await context.step("first", effects.note("first"))
        try:
            await context.step("second", effects.hang("second"))
        except RunCancelled as asked:
            places.append(f"{asked.by} {asked.reason}")
            await context.step("tidy", effects.note("tidy"))
            return await context.signal("go")
        return None

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await effects.until("second")
    await engine.cancel("run", by="ann", reason="enough")
    await lab.until(phase=Phase.WAITING)
    engine = await lab.restart()
    await lab.until(phase=Phase.WAITING)
    assert not await engine.cancel("run", by="bob", reason="again")
    await engine.send("run", "go", "gone")
    state = await lab.end()
    assert places == ["ann enough"] * 2
    assert (state.phase, state.result) == (Phase.CANCELLED, "gone")
    assert effects.seen == ["first", "second", "second let go", "tidy"]
    assert state.cancellation == Cancellation("ann", "enough")


async def test_an_unheard_cancellation_outlives_a_restart(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        async def deaf(io: StepIO) -> Json:
            effects.seen.append("deaf")
            while io.tries == 1:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    effects.seen.append("heard")
                    if effects.seen.count("heard") == 2:
                        raise
            return None

        try:
            return await context.step("work", deaf)
        except RunCancelled:
            return await context.step("tidy", effects.note("tidy"))

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await effects.until("deaf")
    await engine.cancel("run", by="ann", reason="enough")
    await effects.until("heard")
    await lab.restart()
    state = await lab.end()
    assert (state.phase, state.result) == (Phase.CANCELLED, "tidy")
    assert effects.seen == ["deaf", "heard", "heard", "tidy"]


async def test_a_step_that_ends_all_the_same_keeps_its_result(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        async def stubborn(io: StepIO) -> Json:
            try:
                return await effects.hang("work")(io)
            except asyncio.CancelledError:
                return "done anyway"

        result = await context.step("work", stubborn)
        effects.seen.append(str(result))
        try:
            await context.step("next", effects.note("next"))
        except RunCancelled:
            return result
        return None

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await effects.until("work")
    await engine.cancel("run", by="ann", reason="enough")
    state = await lab.end()
    assert (state.phase, state.result) == (Phase.CANCELLED, "done anyway")
    assert effects.seen == ["work", "work let go", "done anyway"]


async def test_a_flow_that_asks_for_nothing_more_completes(lab: Lab) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def flow(context: Context) -> Json:
        reached.set()
        await go_on.wait()
        return "made it"

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await reached.wait()
    assert await engine.cancel("run", by="ann", reason="enough")
    go_on.set()
    state = await lab.end()
    assert (state.phase, state.result) == (Phase.COMPLETED, "made it")


async def test_cleaning_up_that_fails_fails_the_run(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        try:
            await context.step("work", effects.hang("work"))
        except RunCancelled:
            raise Unavailable("The sandbox stays.") from None
        return None

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await effects.until("work")
    await engine.cancel("run", by="ann", reason="enough")
    state = await lab.end()
    assert state.phase is Phase.FAILED
    assert state.error is not None
    assert state.error.type == "Unavailable"


async def test_asking_again_or_too_late_is_vain(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        return await context.step("work", effects.hang("work"))

    engine = await lab.start(flow=flow, idle=idle)
    with pytest.raises(NotFound):
        await engine.cancel("run", by="ann", reason="")
    await engine.submit("run", flow="flow", input=None)
    await effects.until("work")
    asked = await asyncio.gather(
        *(engine.cancel("run", by=name, reason="") for name in ("ann", "bob"))
    )
    assert sorted(asked) == [False, True]
    await lab.end()
    await engine.submit("other", flow="idle", input=None)
    await lab.end("other")
    assert not await engine.cancel("other", by="ann", reason="")
    state = await engine.status("other")
    assert state is not None
    assert (state.phase, state.cancellation) == (Phase.COMPLETED, None)
