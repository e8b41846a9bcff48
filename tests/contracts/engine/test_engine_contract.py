"""What every engine promises of runs, their names, ends and restarts."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from courier.engine.seam import Context, Failure, Json, Phase, StepIO, StepKind, StepPhase
from courier.errors import NotFound, Unavailable
from tests.contracts.engine.lab import Effects, EngineFactory, Lab, idle, soon


async def test_a_run_gets_its_input_and_gives_its_result(lab: Lab) -> None:
    async def flow(context: Context) -> Json:
        return {"run": context.run_id, "input": context.input}

    state = await lab.run(flow, run_id="docs/write@1", input={"steps": ["a", 1, None, True]})
    assert state.phase is Phase.COMPLETED
    assert state.result == {"run": "docs/write@1", "input": {"steps": ["a", 1, None, True]}}
    assert state.error is None
    assert state.submitted_at <= (state.started_at or state.submitted_at)
    assert (state.started_at or soon()) <= (state.ended_at or state.submitted_at)


async def test_the_same_name_twice_is_one_run(lab: Lab) -> None:
    entered: list[Json] = []

    async def flow(context: Context) -> Json:
        entered.append(context.input)
        return None

    engine = await lab.start(flow=flow)
    assert await engine.submit("run", flow="flow", input=1)
    assert not await engine.submit("run", flow="flow", input=2)
    await lab.end()
    assert not await engine.submit("run", flow="flow", input=3)
    engine = await lab.restart()
    assert not await engine.submit("run", flow="flow", input=4)
    assert entered == [1]


async def test_a_flow_nobody_registered_is_refused(lab: Lab) -> None:
    engine = await lab.start()
    with pytest.raises(NotFound):
        await engine.submit("run", flow="flow", input=None)
    assert await engine.status("run") is None


async def test_an_unknown_run_has_no_state_and_no_steps(lab: Lab) -> None:
    engine = await lab.start()
    assert await engine.status("run") is None
    assert list(await engine.steps("run")) == []
    with pytest.raises(NotFound):
        await engine.wait("run")


async def test_a_flow_that_raises_fails_its_run(lab: Lab) -> None:
    async def flow(context: Context) -> Json:
        raise Unavailable("The moon is down.")

    state = await lab.run(flow)
    assert state.phase is Phase.FAILED
    assert state.error == Failure("Unavailable", "The moon is down.")


async def test_a_result_that_is_no_json_fails_the_run(lab: Lab) -> None:
    async def flow(context: Context) -> Json:
        return {"at": object()}  # type: ignore[dict-item]  # the mistake under test

    state = await lab.run(flow)
    assert state.phase is Phase.FAILED
    assert state.error is not None
    assert state.error.type == "TypeError"


async def test_text_that_is_no_unicode_comes_back_as_it_was(lab: Lab) -> None:
    broken = "\ud83d \x00 \u2028"

    async def flow(context: Context) -> Json:
        async def echo(io: StepIO) -> Json:
            await io.save(broken)
            return context.input

        return await context.step("echo", echo)

    assert (await lab.run(flow, input=[broken])).result == [broken]


async def test_runs_are_listed_the_last_submitted_first(lab: Lab) -> None:
    async def patient(context: Context) -> Json:
        return await context.signal("go")

    engine = await lab.start(idle=idle, patient=patient)
    for number, flow in enumerate(("idle", "patient", "idle")):
        await engine.submit(f"run-{number}", flow=flow, input=None)
    await lab.end("run-0")
    await lab.end("run-2")
    assert [state.run_id for state in await engine.list()] == ["run-2", "run-1", "run-0"]
    assert [state.run_id for state in await engine.list(live=True)] == ["run-1"]
    assert [state.run_id for state in await engine.list(live=False)] == ["run-2", "run-0"]
    assert [state.run_id for state in await engine.list(limit=1)] == ["run-2"]


async def test_a_run_in_flight_can_be_described(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        await context.step("first", effects.note("first"))

        async def second(io: StepIO) -> Json:
            await io.save({"offset": 7})
            return await effects.hang("second")(io)

        return await context.step("second", second)

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None, queue="docs", priority=3)
    await effects.until("second")
    state = await engine.status("run")
    assert state is not None
    assert (state.phase, state.step) == (Phase.RUNNING, "second")
    assert (state.queue, state.priority, state.flow) == ("docs", 3, "flow")
    first, second = await engine.steps("run")
    assert (first.name, first.kind, first.phase) == ("first", StepKind.STEP, StepPhase.DONE)
    assert (first.result, first.tries) == ("first", 1)
    assert (second.phase, second.checkpoint) == (StepPhase.OPEN, {"offset": 7})
    assert second.ended_at is None


async def test_stopping_records_nothing_and_starting_goes_on(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        await context.step("first", effects.note("first"))
        if "second" not in effects.seen:
            await context.step("second", effects.hang("second"))
        return await context.step("second", effects.note("second again"))

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await effects.until("second")
    await lab.stop()
    assert effects.seen == ["first", "second", "second let go"]
    await lab.start()
    assert (await lab.end()).result == "second again"
    assert effects.seen == ["first", "second", "second let go", "second again"]


async def test_an_error_made_of_the_stop_is_not_recorded(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        async def touchy(io: StepIO) -> Json:
            if io.tries > 1:
                return "calm"
            try:
                return await effects.hang("touchy")(io)
            except asyncio.CancelledError:
                raise Unavailable("cut off") from None

        return await context.step("touchy", touchy)

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await effects.until("touchy")
    await lab.restart()
    assert (await lab.end()).result == "calm"


async def test_a_flow_that_swallows_the_stop_changes_nothing(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        try:
            await context.step("work", effects.hang("work"))
        except asyncio.CancelledError:
            await context.step("more", effects.note("more"))
        return None

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await effects.until("work")
    await lab.stop()
    assert "more" not in effects.seen
    engine = await lab.start()
    assert (await lab.until(phase=Phase.RUNNING)).step == "work"


async def test_stopping_twice_is_stopping_once(lab: Lab) -> None:
    engine = await lab.start()
    await engine.stop()
    await engine.stop()


async def test_a_run_whose_flow_is_gone_waits_for_it(
    lab: Lab, engine_factory: EngineFactory
) -> None:
    async def flow(context: Context) -> Json:
        await context.signal("go")
        return "done"

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(phase=Phase.WAITING)
    await lab.stop()
    without = engine_factory()
    await without.start()
    await without.send("run", "go", None)
    state = await without.status("run")
    assert state is not None
    assert state.phase is Phase.WAITING
    await without.stop()
    await lab.start()
    assert (await lab.end()).result == "done"


async def test_forgetting_deletes_runs_that_ended_long_ago(lab: Lab) -> None:
    async def patient(context: Context) -> Json:
        return await context.signal("go")

    engine = await lab.start(idle=idle, patient=patient)
    await engine.submit("old", flow="idle", input=None)
    await engine.submit("live", flow="patient", input=None)
    ended = (await lab.end("old")).ended_at
    assert ended is not None
    assert await engine.forget(ended - timedelta(seconds=1)) == 0
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await engine.submit("other", flow="idle", input=None)
    await lab.end("other")
    assert await engine.forget_some(["other"], before=ended - timedelta(seconds=1)) == 0
    assert await engine.forget_some(["other", "live", "nobody"], before=soon) == 1
    assert await engine.status("other") is None
    assert await engine.forget(datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert await engine.status("old") is None
    assert await engine.status("live") is not None
    assert await engine.submit("old", flow="idle", input=None)
    await lab.end("old")


async def test_a_crowd_of_runs_all_end(lab: Lab) -> None:
    async def flow(context: Context) -> Json:
        async def double(io: StepIO) -> Json:
            assert isinstance(context.input, int)
            return context.input * 2

        return await context.step("double", double)

    engine = await lab.start(flow=flow)
    names = [f"run-{number}" for number in range(300)]
    await asyncio.gather(
        *(engine.submit(name, flow="flow", input=number) for number, name in enumerate(names))
    )
    ends = await asyncio.gather(*(lab.end(name) for name in names))
    assert [state.result for state in ends] == [number * 2 for number in range(300)]
