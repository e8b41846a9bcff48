"""What every engine promises of the clock, sleeps and signals."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from courier.engine.seam import Context, Json, Phase, StepIO, StepKind
from courier.errors import Conflict, NotFound
from tests.contracts.engine.lab import Lab, idle, soon


async def test_a_replay_reads_the_same_moment(lab: Lab) -> None:
    seen: list[datetime] = []

    async def flow(context: Context) -> Json:
        seen.append(await context.now("start"))
        return await context.signal("go")

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(phase=Phase.WAITING)
    await lab.restart()
    await lab.until(phase=Phase.WAITING)
    await lab.engine.send("run", "go", None)
    await lab.end()
    first, again = seen
    assert first == again
    assert first.tzinfo == UTC
    assert abs(datetime.now(UTC) - first) < timedelta(minutes=1)


async def test_a_sleep_ends_at_its_moment_and_not_before(lab: Lab) -> None:
    until = soon(0.1)
    woken: list[datetime] = []

    async def flow(context: Context) -> Json:
        await context.sleep("nap", until)
        woken.append(datetime.now(UTC))
        return None

    await lab.run(flow)
    assert timedelta(0) <= woken[0] - until < timedelta(seconds=5)


async def test_a_sleep_into_the_past_returns(lab: Lab) -> None:
    async def flow(context: Context) -> Json:
        await context.sleep("nap", datetime(2001, 1, 1, tzinfo=UTC))
        return "awake"

    assert (await lab.run(flow)).result == "awake"


async def test_a_sleep_outlives_restarts_with_its_first_moment(lab: Lab) -> None:
    async def flow(context: Context) -> Json:
        await context.sleep("nap", soon(0.3))
        return "awake"

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(phase=Phase.WAITING)
    (before,) = await engine.steps("run")
    for _ in range(2):
        await lab.restart()
        await lab.until(phase=Phase.WAITING)
    state = await lab.end()
    (after,) = await lab.engine.steps("run")
    assert after.kind is StepKind.SLEEP
    assert before.until is not None
    assert after.until == before.until
    assert state.ended_at is not None
    assert state.ended_at >= before.until


async def test_a_sleep_that_ended_while_nothing_ran_ends_at_once(lab: Lab) -> None:
    async def flow(context: Context) -> Json:
        await context.sleep("nap", soon(0.05))
        return "awake"

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(phase=Phase.WAITING)
    await lab.stop()
    await asyncio.sleep(0.06)
    await lab.start()
    assert (await lab.end()).result == "awake"


async def test_sleeps_of_one_run_follow_each_other(lab: Lab) -> None:
    async def flow(context: Context) -> Json:
        for number in range(5):
            await context.sleep(f"nap {number}", soon(0.01))
        return "awake"

    assert (await lab.run(flow)).result == "awake"


async def take_two(context: Context) -> Json:
    return [await context.signal("mail"), await context.signal("mail")]


async def test_signals_sent_before_are_waiting_in_order(lab: Lab) -> None:
    engine = await lab.start(limits={"default": 0}, flow=take_two)
    await engine.submit("run", flow="flow", input=None)
    for value in ("first", "second", "third"):
        await engine.send("run", "mail", value)
    engine.limit("default", concurrency=None)
    assert (await lab.end()).result == ["first", "second"]


async def test_signals_sent_while_waiting_wake_the_run(lab: Lab) -> None:
    engine = await lab.start(flow=take_two)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(phase=Phase.WAITING)
    await engine.send("run", "other", "not this")
    await engine.send("run", "mail", {"text": "first"})
    await engine.send("run", "mail", None)
    assert (await lab.end()).result == [{"text": "first"}, None]


async def test_a_consumed_signal_is_not_consumed_again(lab: Lab) -> None:
    engine = await lab.start(flow=take_two)
    await engine.submit("run", flow="flow", input=None)
    await engine.send("run", "mail", "first")
    await lab.until(phase=Phase.WAITING)
    engine = await lab.restart()
    state = await lab.until(phase=Phase.WAITING)
    assert state.step == "mail"
    await engine.send("run", "mail", "second")
    assert (await lab.end()).result == ["first", "second"]


async def test_a_signal_outlives_a_restart(lab: Lab) -> None:
    engine = await lab.start(limits={"default": 0}, flow=take_two)
    await engine.submit("run", flow="flow", input=None)
    await engine.send("run", "mail", "first")
    engine = await lab.restart()
    await engine.send("run", "mail", "second")
    engine.limit("default", concurrency=1)
    assert (await lab.end()).result == ["first", "second"]


async def test_waiting_for_a_signal_ends_at_its_moment(lab: Lab) -> None:
    async def flow(context: Context) -> Json:
        return [
            await context.signal("mail", until=soon(0.05)),
            await context.signal("mail", until=soon(5)),
        ]

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await asyncio.sleep(0.1)
    await engine.send("run", "mail", "late")
    assert (await lab.end()).result == [None, "late"]
    assert [step.result for step in await engine.steps("run")] == [None, "late"]


async def test_the_moment_a_signal_is_awaited_until_outlives_a_restart(lab: Lab) -> None:
    async def flow(context: Context) -> Json:
        return await context.signal("mail", until=soon(0.2))

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(phase=Phase.WAITING)
    (before,) = await engine.steps("run")
    engine = await lab.restart()
    state = await lab.end()
    (after,) = await engine.steps("run")
    assert (before.until, state.result) == (after.until, None)


async def test_a_signal_to_nobody_is_refused(lab: Lab) -> None:
    engine = await lab.start(idle=idle)
    with pytest.raises(NotFound):
        await engine.send("run", "mail", None)
    await engine.submit("run", flow="idle", input=None)
    await lab.end()
    with pytest.raises(Conflict):
        await engine.send("run", "mail", None)


async def test_no_signal_is_lost_in_a_crowd(lab: Lab) -> None:
    async def flow(context: Context) -> Json:
        return [await context.signal("mail") for _ in range(50)]

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await asyncio.gather(*(engine.send("run", "mail", number) for number in range(50)))
    assert (await lab.end()).result == list(range(50))


async def test_a_step_hears_of_a_signal_without_consuming_it(lab: Lab) -> None:
    async def flow(context: Context) -> Json:
        async def work(io: StepIO) -> Json:
            await io.heard("mail")
            return "gave way"

        gave = await context.step("work", work)
        return [gave, await context.signal("mail")]

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(step="work")
    await engine.send("run", "post", "another")
    await asyncio.sleep(0.05)
    assert (await lab.until()).phase is Phase.RUNNING
    await engine.send("run", "mail", "letter")
    assert (await lab.end()).result == ["gave way", "letter"]


async def test_a_step_hears_at_once_of_a_signal_that_came_before_and_over_restarts(
    lab: Lab,
) -> None:
    tries: list[int] = []

    async def flow(context: Context) -> Json:
        async def work(io: StepIO) -> Json:
            tries.append(io.tries)
            if io.tries == 1:
                await asyncio.Event().wait()
            await asyncio.gather(io.heard("mail"), io.heard("mail"))
            return None

        await context.step("work", work)
        return await context.signal("mail")

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(step="work")
    await engine.send("run", "mail", "letter")
    await lab.restart()
    assert (await lab.end()).result == "letter"
    assert tries == [1, 2]
