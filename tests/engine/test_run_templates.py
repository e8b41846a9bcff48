"""Runs on templates: prepared once for all of them, and a clear word when that fails."""

import asyncio

import pytest

from courier.runs.run.frozen import FrozenPlan, FrozenSandbox, FrozenTemplate
from tests.engine.worlds import Scene, git, single_plan

pytestmark = pytest.mark.slow


def on(plan: FrozenPlan, *commands: str, **template: object) -> FrozenPlan:
    prepared = FrozenTemplate(name="tools", commands=commands, place="tools.yaml:1:1")
    machine = FrozenSandbox(template="tools", prepared=prepared.model_copy(update=template))
    return plan.model_copy(update={"sandbox": machine})


async def test_runs_at_the_same_time_share_one_build(here: Scene) -> None:
    commands = ("sleep 0.2", "date +%s.%N > ~/prepared")
    plans = [
        on(single_plan(here, "cp ~/prepared value; rm ~/prepared", run=f"fix-{at}"), *commands)
        for at in range(3)
    ]
    ended = await asyncio.gather(*(here.run(plan) for plan in plans))
    assert {str(state.result) for state in ended} == {
        "{'phase': 'completed', 'reason': 'Completed'}"
    }
    values = {git(here.origin, "show", f"courier/{plan.run}:value") for plan in plans}
    assert len(values) == 1
    assert "." in values.pop()


async def test_a_failing_command_is_told_with_its_output_and_place(here: Scene) -> None:
    plan = on(single_plan(here, "true"), "echo no such package >&2; exit 4")
    state = await here.run(plan)
    assert state.result == {"phase": "failed", "reason": "Misconfigured"}
    record = await here.record()
    for words in ("Template/tools (tools.yaml:1:1)", "exit status 4", "no such package", "setup"):
        assert words in record["message"]
    assert await here.tidy()


async def test_a_record_tells_the_machine(here: Scene) -> None:
    plan = single_plan(here, "true")
    machine = FrozenSandbox(cpu=1, memory_mb=700)
    await here.run(plan.model_copy(update={"sandbox": machine}))
    (step,) = (await here.record())["steps"]
    assert step["machine"] == {"template": "base", "cpu": 1, "memoryMB": 700}


async def test_a_dockerfile_that_is_not_there_is_told(here: Scene) -> None:
    plan = on(single_plan(here, "true"), dockerfile="tools/Dockerfile")
    state = await here.run(plan)
    assert state.result == {"phase": "failed", "reason": "Misconfigured"}
    assert "tools/Dockerfile is not in the repository" in (await here.record())["message"]


async def test_an_id_that_nobody_knows_is_told(here: Scene) -> None:
    plan = on(single_plan(here, "true"), start="team/big")
    state = await here.run(plan)
    assert state.result == {"phase": "failed", "reason": "NotFound"}
    assert "team/big" in (await here.record())["message"]
