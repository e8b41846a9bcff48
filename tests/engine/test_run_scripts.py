"""Scripts and commands in whole runs: every moment, in real sandboxes."""

import asyncio

import pytest

from courier.engine.accounts.replay import replay
from courier.runs.briefs.assets import FrozenCommand, FrozenScript, Moment
from courier.runs.run.frozen import FrozenPlan, FrozenSandbox
from tests.engine.worlds import UNTIL_TOLD, Scene, git, single_plan

pytestmark = pytest.mark.slow

BOTH = FrozenSandbox(timeout_seconds=120, reuse="perRun")


def script(name: str, when: Moment, body: str | None, **more: object) -> FrozenScript:
    return FrozenScript(name=name, when=when, run=body).model_copy(update=more)


def work(here: Scene, run: str, *scripts: FrozenScript, **step: object) -> FrozenPlan:
    plan = single_plan(here, run)
    changed = plan.steps[0].model_copy(update={"scripts": scripts, **step})
    return plan.model_copy(update={"steps": (changed,)})


def show(here: Scene, path: str, run: str = "fix") -> str:
    return git(here.origin, "show", f"courier/{run}:{path}")


def told(record: dict[str, object]) -> list[tuple[object, ...]]:
    steps = record["steps"]
    assert isinstance(steps, list)
    return [
        (each["when"], each["name"], each["exitCode"]) for step in steps for each in step["scripts"]
    ]


async def test_every_moment_comes_in_its_order(here: Scene) -> None:
    plan = work(
        here,
        "cat ~/order > order; echo mine > value",
        script("late", "postStep", "test $(cat value) = mine; echo post >> order"),
        script("facts", "context", "echo context >> ~/order; echo found it"),
        script("set-up", "preStep", "echo step >> ~/order; echo left > left"),
        script("prepare", "preRun", "echo run >> ~/order"),
        script("final", "postRun", "cat order left; test $(cat value) = mine; echo gone > value"),
    )
    state = await here.run(plan)
    record = await here.record()
    assert (record["phase"], record["reason"]) == ("completed", "Completed"), (
        state,
        record["message"],
    )
    assert show(here, "order").split() == ["run", "step", "context", "post"]
    assert (show(here, "value"), show(here, "left")) == ("mine", "left")
    assert told(record) == [
        ("preRun", "prepare", 0),
        ("preStep", "set-up", 0),
        ("context", "facts", 0),
        ("postStep", "late", 0),
    ]
    after = record["afterwards"]["scripts"]
    assert [(each["name"], each["exitCode"]) for each in after] == [("prepare", 0), ("final", 0)]
    assert after[1]["tail"].split() == ["run", "step", "context", "post", "left"]
    assert await here.tidy()
    again = await replay(here.world, here.engine, "fix")
    assert again.is_exact, (again.differences, again.diverged)


async def test_a_context_script_speaks_in_the_prompt_as_data(here: Scene) -> None:
    talk = script("facts", "context", "echo 'two </data> tables'; echo noise >&2")
    state = await here.run(work(here, 'cp "$COURIER_PROMPT_FILE" prompt', talk))
    prompt = show(here, "prompt")
    assert '<data from="script facts">\ntwo <\\/data> tables\n</data>' in prompt, state
    assert "noise" not in prompt
    paths = [path for path in await here.world.state.paths("runs") if "/scripts/" in path]
    (path,) = paths
    assert path.endswith("steps/01-work-1/scripts/facts.md")
    assert (await here.world.state.read([path]))[path] == b"two </data> tables\n"


async def test_a_long_context_is_bounded_in_the_prompt_and_whole_on_record(here: Scene) -> None:
    talk = script("facts", "context", "seq 1 15000")
    await here.run(work(here, 'wc -c < "$COURIER_PROMPT_FILE" > size', talk))
    assert 48_000 < int(show(here, "size")) < 52_000
    (path,) = [path for path in await here.world.state.paths("runs") if "/scripts/" in path]
    assert (await here.world.state.read([path]))[path].split()[-1] == b"15000"


@pytest.mark.parametrize("moment", ["preRun", "preStep", "context"])
async def test_a_script_that_fails_before_the_work_stops_it(here: Scene, moment: Moment) -> None:
    broken = script("check-tools", moment, "echo no compiler >&2; exit 3")
    await here.run(work(here, "touch worked", broken))
    record = await here.record()
    assert (record["phase"], record["reason"]) == ("failed", "ScriptFailed")
    for words in ("check-tools", moment, "exit code 3", "no compiler"):
        assert words in record["message"]
    assert told(record) == [(moment, "check-tools", 3)]
    assert here.branches() == {"main"}


async def test_a_script_that_fails_after_the_work_keeps_it_and_proposes_nothing(
    here: Scene,
) -> None:
    await here.run(work(here, "echo mine > value", script("lint", "postStep", "false")))
    record = await here.record()
    assert (record["phase"], record["reason"]) == ("failed", "ScriptFailed")
    assert show(here, "value") == "mine"
    assert record["pullRequest"] is None


async def test_a_script_after_the_run_that_fails_keeps_the_branch_and_proposes_nothing(
    here: Scene,
) -> None:
    final = script("smoke", "postRun", "echo the door is shut; exit 9")
    await here.run(work(here, "echo mine > value", final))
    record = await here.record()
    assert (record["phase"], record["reason"]) == ("failed", "ScriptFailed")
    assert "smoke" in record["message"]
    assert "the door is shut" in record["message"]
    assert show(here, "value") == "mine"
    assert record["pullRequest"] is None


async def test_a_failure_that_only_warns_is_on_record(here: Scene) -> None:
    soft = script("lint", "preStep", "echo untidy; exit 1", on_failure="warn")
    await here.run(work(here, "echo mine > value", soft))
    record = await here.record()
    assert record["phase"] == "completed"
    (ran,) = record["steps"][0]["scripts"]
    assert (ran["failed"], ran["exitCode"], ran["onFailure"]) == (True, 1, "warn")
    assert ran["tail"] == "untidy"
    assert len(ran["digest"]) == 64


async def test_a_script_that_takes_too_long_is_stopped(here: Scene) -> None:
    slow = script("wait", "preStep", "echo waiting; sleep 60", timeout_seconds=1)
    await here.run(work(here, "true", slow))
    record = await here.record()
    assert record["reason"] == "ScriptFailed"
    assert "took too long" in record["message"]
    assert record["steps"][0]["scripts"][0]["exitCode"] is None


async def test_commands_and_scripts_on_demand_are_programs_for_agents_and_scripts(
    here: Scene,
) -> None:
    greet = FrozenCommand(name="greet", run='echo "hello $1"')
    shout = script("shout", "onDemand", "import sys; print(sys.argv[1].upper())")
    plan = work(
        here,
        "greet you > greeting; shout loud >> greeting; bash -lc 'greet login' >> greeting",
        shout.model_copy(update={"interpreter": "python3"}),
        script("after", "postStep", "greet script >> greeting; git status --short >> greeting"),
        commands=(greet, FrozenCommand(name="ask", prompt="Ask.")),
    )
    await here.run(plan)
    assert show(here, "greeting").splitlines() == [
        "hello you",
        "LOUD",
        "hello login",
        "hello script",
        "?? greeting",
    ]


async def test_a_file_of_the_repository_is_a_script(here: Scene) -> None:
    plan = work(
        here,
        "echo 'echo from the file >> value' > tool.sh",
        script("tool", "postStep", None, file="tool.sh"),
        script("none", "postStep", None, file="missing.sh", on_failure="warn"),
    )
    await here.run(plan)
    record = await here.record()
    assert show(here, "value").splitlines() == ["none", "from the file"]
    (_, missing) = record["steps"][0]["scripts"]
    assert missing["failed"]
    assert "missing.sh" in missing["tail"]


async def test_environment_and_secrets_reach_scripts_and_no_record(here: Scene) -> None:
    plan = work(
        here,
        "true",
        script("look", "preStep", 'test "$TOKEN" = s3cret-demo-token; echo "$MODE $TOKEN"'),
        env={"MODE": "fast"},
        secrets=("TOKEN=DEMO_TOKEN",),
    )
    await here.run(plan)
    record = await here.record()
    assert record["steps"][0]["scripts"][0]["tail"] == "fast [secret DEMO_TOKEN]"


async def test_steps_that_share_a_sandbox_prepare_it_once(here: Scene) -> None:
    first = script("prepare", "preRun", "echo run >> ~/order")
    greet = FrozenCommand(name="greet", run="echo hello")
    one = work(here, "greet >> value", first, commands=(greet,)).steps[0]
    two = one.model_copy(
        update={
            "name": "again",
            "run": "! command -v greet; cat ~/order >> value",
            "commands": (),
        }
    )
    plan = single_plan(here, "").model_copy(update={"steps": (one, two), "sandbox": BOTH})
    await here.run(plan)
    record = await here.record()
    assert show(here, "value").split() == ["none", "hello", "run"], record
    assert told(record) == [("preRun", "prepare", 0)]


async def test_a_cancelled_run_stops_its_script(here: Scene) -> None:
    endless = script("endless", "preStep", UNTIL_TOLD)
    await here.submit(work(here, "true", endless))
    await here.printed("fix", "begun")
    await here.engine.cancel("fix", by="ann", reason="enough")
    async with asyncio.timeout(30):
        await here.engine.wait("fix")
    record = await here.record()
    assert (record["phase"], record["reason"]) == ("cancelled", "Cancelled")
    assert await here.tidy()
