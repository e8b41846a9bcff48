"""What every engine promises of steps: results, checkpoints, failures, order."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from courier.engine.seam import (
    Context,
    DivergedReplay,
    Json,
    Phase,
    StepFailed,
    StepIO,
    StepPhase,
    StepRepeated,
    StepsOverlap,
)
from courier.errors import Conflict, CourierError, RateLimited, Refused, SandboxGone
from tests.contracts.engine.lab import Effects, Lab


async def test_a_result_looks_the_same_at_first_and_in_a_replay(lab: Lab) -> None:
    seen: list[Json] = []

    async def flow(context: Context) -> Json:
        async def act(io: StepIO) -> Json:
            return {"pair": (1, 2), "text": "ü"}

        seen.append(await context.step("act", act))
        return await context.signal("go")

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(phase=Phase.WAITING)
    engine = await lab.restart()
    await engine.send("run", "go", None)
    await lab.end()
    assert seen == [{"pair": [1, 2], "text": "ü"}] * 2


async def test_an_interrupted_step_goes_on_from_its_checkpoint(lab: Lab, effects: Effects) -> None:
    tries: list[tuple[int, Json]] = []

    async def flow(context: Context) -> Json:
        async def act(io: StepIO) -> Json:
            tries.append((io.tries, io.checkpoint))
            await io.save({"done": len(tries)})
            return "end" if len(tries) == 3 else await effects.hang(f"try {len(tries)}")(io)

        return await context.step("act", act)

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await effects.until("try 1")
    await lab.restart()
    await effects.until("try 2")
    engine = await lab.restart()
    assert (await lab.end()).result == "end"
    assert tries == [(1, None), (2, {"done": 1}), (3, {"done": 2})]
    (step,) = await engine.steps("run")
    assert (step.tries, step.checkpoint, step.phase) == (3, {"done": 3}, StepPhase.DONE)


async def test_a_step_that_has_ended_saves_no_more(lab: Lab) -> None:
    kept: list[StepIO] = []

    async def flow(context: Context) -> Json:
        async def act(io: StepIO) -> Json:
            kept.append(io)
            return None

        await context.step("act", act)
        with pytest.raises(Conflict):
            await kept[0].save(1)
        return "refused"

    assert (await lab.run(flow)).result == "refused"


FAILURES = [
    SandboxGone("It is gone.", detail="It timed out.", next_step="Start it again."),
    RateLimited("Slow down.", retry_at=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)),
    Refused("ProtectedPath", "No.", detail=".github/", needs_approval=True),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_a_known_failure_is_raised_again_by_a_replay(
    lab: Lab, effects: Effects, failure: CourierError
) -> None:
    caught: list[CourierError] = []

    async def flow(context: Context) -> Json:
        async def act(io: StepIO) -> Json:
            effects.seen.append("act")
            raise failure

        with pytest.raises(type(failure)) as raised:
            await context.step("act", act)
        caught.append(raised.value)
        return await context.signal("go")

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(phase=Phase.WAITING)
    engine = await lab.restart()
    await engine.send("run", "go", None)
    await lab.end()
    first, again = caught
    assert effects.seen == ["act"]
    assert str(first) == str(again)
    assert vars(first) == vars(again)
    assert again.args == first.args


async def test_any_other_failure_is_a_step_failed_at_once_and_again(lab: Lab) -> None:
    caught: list[StepFailed] = []

    async def flow(context: Context) -> Json:
        async def act(io: StepIO) -> Json:
            raise KeyError("claud")

        with pytest.raises(StepFailed) as raised:
            await context.step("act", act)
        caught.append(raised.value)
        return await context.signal("go")

    engine = await lab.start(flow=flow)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(phase=Phase.WAITING)
    engine = await lab.restart()
    await engine.send("run", "go", None)
    await lab.end()
    assert [(error.type, error.message) for error in caught] == [("KeyError", "'claud'")] * 2
    assert isinstance(caught[0].__cause__, KeyError)


async def broken_by_itself(io: StepIO) -> Json:
    raise asyncio.CancelledError


async def gives_no_json(io: StepIO) -> Json:
    return {1, 2}  # type: ignore[return-value]  # the mistake under test


async def gives_no_number(io: StepIO) -> Json:
    return float("nan")


@pytest.mark.parametrize(
    ("action", "type_name"),
    [
        (broken_by_itself, "CancelledError"),
        (gives_no_json, "TypeError"),
        (gives_no_number, "ValueError"),
    ],
)
async def test_what_cannot_be_a_result_is_a_failure(
    lab: Lab, action: Callable[[StepIO], Awaitable[Json]], type_name: str
) -> None:
    async def flow(context: Context) -> Json:
        try:
            return await context.step("act", action)
        except StepFailed as failed:
            return failed.type

    assert (await lab.run(flow)).result == type_name


async def test_two_steps_of_one_name_fail_the_run(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        await context.step("act", effects.note("first"))
        return await context.step("act", effects.note("second"))

    state = await lab.run(flow)
    assert state.error is not None
    assert state.error.type == StepRepeated.__name__
    assert effects.seen == ["first"]


async def test_steps_at_the_same_time_fail_the_run(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        await asyncio.gather(
            context.step("one", effects.note("one")), context.step("two", effects.note("two"))
        )
        return None

    state = await lab.run(flow)
    assert state.error is not None
    assert state.error.type == StepsOverlap.__name__
    assert "two" not in effects.seen


async def test_a_time_out_around_a_step_fails_the_run(lab: Lab, effects: Effects) -> None:
    async def flow(context: Context) -> Json:
        try:
            async with asyncio.timeout(0.02):
                await context.step("slow", effects.hang("slow"))
        except TimeoutError:
            return "went on"
        return None

    state = await lab.run(flow)
    assert state.error is not None
    assert state.error.type == StepsOverlap.__name__
    assert effects.seen == ["slow", "slow let go"]


@pytest.mark.parametrize("forgiving", [False, True])
async def test_a_flow_that_asks_for_something_else_is_told_so(
    lab: Lab, effects: Effects, forgiving: bool
) -> None:
    async def before(context: Context) -> Json:
        await context.step("fetch", effects.note("fetch"))
        return await context.signal("go")

    async def after(context: Context) -> Json:
        try:
            await context.step("clone", effects.note("clone"))
        except CourierError:
            if not forgiving:
                raise
        return await context.signal("go")

    engine = await lab.start(flow=before)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(phase=Phase.WAITING)
    await lab.restart(flow=after)
    state = await lab.end()
    assert state.phase is Phase.FAILED
    assert state.error is not None
    assert state.error.type == DivergedReplay.__name__
    assert "step clone" in state.error.message
    assert "step fetch" in state.error.message
    assert effects.seen == ["fetch"]


async def test_a_flow_that_ends_before_its_journal_is_told_so(lab: Lab, effects: Effects) -> None:
    async def before(context: Context) -> Json:
        await context.step("fetch", effects.note("fetch"))
        return await context.signal("go")

    async def after(context: Context) -> Json:
        return None

    engine = await lab.start(flow=before)
    await engine.submit("run", flow="flow", input=None)
    await lab.until(phase=Phase.WAITING)
    await lab.restart(flow=after)
    state = await lab.end()
    assert state.error is not None
    assert state.error.type == DivergedReplay.__name__
    assert "fetch" in state.error.message
