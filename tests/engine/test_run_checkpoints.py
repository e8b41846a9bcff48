"""Work saved out of a live sandbox: what is lost with it, and how the next attempt goes on."""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from courier.engine.accounts.replay import replay
from courier.engine.attempts.earlier import earlier_work
from courier.engine.running.question import SIGNAL
from courier.ports.checkpoints import Checkpoints, Line
from courier.ports.sandboxes import Sandbox
from courier.runs.run.events import Checkpoint
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.steps.progress import StartAttempt
from tests.engine.contest import candidate, contest
from tests.engine.kills.checkpoints import Passing
from tests.engine.worlds import UNTIL_TOLD, Scene, git, make_origin, provider, scene, single_plan
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

SAVED = "refs/courier/checkpoints/fix"
GO_ON = """
if [ -e progress ]; then
git status --porcelain > seen; git log --oneline | wc -l > commits
else echo 1 > progress; mkdir -p deep; echo new > deep/new; rm keep.txt; echo begun; sleep 60; fi
echo done > value
"""
"""Does a part and hangs; begun again with that part done, it says what it finds, and ends."""


def saving_plan(here: Scene, commands: str, *, agent: str = "shell", every: int = 1) -> FrozenPlan:
    return single_plan(here, commands, agent=agent, checkpoint_seconds=every)


async def sandbox_of(here: Scene) -> Sandbox:
    (found,) = await here.world.sandboxes.find(here.labels)
    return await here.world.sandboxes.connect(found.id, timeout_seconds=60)


async def kill_sandbox(here: Scene) -> None:
    for found in await here.world.sandboxes.find(here.labels):
        await here.world.sandboxes.kill(found.id)


async def saved(here: Scene, *, path: str, within: float = 20.0, run: str = "fix") -> Checkpoint:
    """Wait for a checkpoint that holds a file."""
    async with asyncio.timeout(within):
        while True:
            for one in reversed(await here.world.checkpoints.of(run)):
                if path in await here.world.repository.files(one.commit, ""):
                    return one
            await asyncio.sleep(0.1)


async def test_the_next_attempt_goes_on_from_what_a_lost_sandbox_had_saved(here: Scene) -> None:
    await here.submit(saving_plan(here, GO_ON))
    kept = await saved(here, path="progress")
    await kill_sandbox(here)
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    first, second = (await here.record())["steps"]
    assert first["outcome"]["reason"] == "SandboxLost"
    assert first["commit"] is None
    assert first["checkpoint"]["commit"] == kept.commit == second["resumed"]["commit"]
    assert second["base"] == here.base
    tree = git(here.origin, "ls-tree", "-r", "--name-only", "courier/fix").split()
    assert tree == [".courier/project.yaml", "commits", "deep/new", "progress", "seen", "value"]
    # As if it had been made there and not committed, on the step's own base.
    seen = git(here.origin, "show", "courier/fix:seen").splitlines()
    assert seen == ["D keep.txt", "?? deep/", "?? progress", "?? seen"]
    assert git(here.origin, "show", "courier/fix:commits") == "1"
    assert git(here.origin, "rev-list", "--count", "main..courier/fix") == "1"
    assert (await replay(here.world, here.engine, "fix")).is_exact
    assert await here.tidy()


async def test_a_tree_that_does_not_change_is_saved_once_and_clones_do_not_fetch_it(
    here: Scene, tmp_path: Path
) -> None:
    await here.submit(
        saving_plan(here, "echo 1 > progress; echo begun; sleep 4; echo 2 > progress")
    )
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    (one,) = await here.world.checkpoints.of("fix")
    assert (one.attempt, one.number) == ("work-1.1", 1)
    assert git(here.origin, "rev-parse", f"{one.commit}^") == here.base
    assert git(here.origin, "for-each-ref", "--format=%(refname)", SAVED) == f"{SAVED}/work-1.1"
    git(tmp_path, "clone", "-q", str(here.origin), "clone")
    assert "checkpoints" not in git(tmp_path / "clone", "for-each-ref")
    (step,) = (await here.record())["steps"]
    assert "checkpoint" not in step


async def test_the_agents_own_git_is_neither_touched_nor_believed(here: Scene) -> None:
    commands = """
    git config user.name Eve; git config user.email eve@example.com
    echo own > own; git add own; git commit -qm Own; echo mine > staged; git add staged
    echo staged > staged; echo begun
    while [ ! -e ~/go-on ]; do sleep 0.1; done
    git diff --cached --name-only > cached; git log --format=%s -1 > head; ls .git > inside
    """
    await here.submit(saving_plan(here, commands))
    one = await saved(here, path="staged")
    assert git(here.origin, "log", "-1", "--format=%ae", one.commit) == "courier@example.com"
    assert git(here.origin, "show", f"{one.commit}:own") == "own"
    await here.go_on()
    await asyncio.wait_for(here.engine.wait("fix"), 60)
    work = (await here.record())["steps"][0]
    # Only the final collect judges who committed.
    assert work["refusal"]["code"] == "ForeignAuthor"


async def test_a_secret_is_never_saved_and_the_refusal_is_told_once(here: Scene) -> None:
    commands = (
        "echo 1 > progress; echo $DEMO_TOKEN > leak; echo begun; sleep 4;"
        "rm leak; echo 2 > after; while [ ! -e ~/go-on ]; do sleep 0.1; done"
    )
    plan = saving_plan(here, commands)
    step = plan.steps[0].model_copy(update={"secrets": ("DEMO_TOKEN",)})
    await here.submit(plan.model_copy(update={"steps": (step,)}))
    await here.printed("fix", "No checkpoint is kept of this work")
    assert await here.world.checkpoints.of("fix") == []
    one = await saved(here, path="after")
    assert "leak" not in git(here.origin, "ls-tree", "-r", "--name-only", one.commit)
    objects = git(here.origin, "rev-list", "--objects", "--all", f"--glob={SAVED}")
    assert "leak" not in objects
    await here.go_on()
    await asyncio.wait_for(here.engine.wait("fix"), 60)
    told = here.world.transcripts.whole("fix").decode()
    assert told.count("No checkpoint is kept") == 1
    assert "s3cret" not in told


async def test_protected_paths_are_saved_and_judged_at_the_end(here: Scene) -> None:
    commands = "echo x > .courier/new; echo begun; while [ ! -e ~/go-on ]; do sleep 0.1; done"
    await here.submit(saving_plan(here, commands))
    await saved(here, path=".courier/new")
    await here.go_on()
    await here.reached("fix", SIGNAL)
    work = (await here.record())["steps"][0]
    assert work["refusal"]["code"] == "ProtectedPath"


async def test_a_burst_of_tools_is_saved_when_it_pauses(here: Scene) -> None:
    tool = '{"kind": "toolResult", "id": "%s", "output": "ok"}'
    commands = f"""
    echo 1 > progress
    sleep 13
    for n in 1 2 3 4 5; do printf '{tool}\\n' $n; done
    while [ ! -e ~/go-on ]; do sleep 0.1; done
    echo '{{"outcome": {{"text": "Done."}}}}'
    """
    await here.submit(saving_plan(here, commands, agent="teller", every=3600))
    await saved(here, path="progress", within=30)
    await here.go_on()
    await asyncio.wait_for(here.engine.wait("fix"), 60)


async def test_work_of_a_sandbox_is_lost_by_one_interval_at_most(here: Scene) -> None:
    every = 2
    commands = """
    [ ! -e ticks ] || exit 0
    for n in $(seq 300); do echo $n >> ticks; sleep 0.1; done
    """
    await here.submit(saving_plan(here, commands, every=every))
    await saved(here, path="ticks")
    await asyncio.sleep(3.3)
    sandbox = await sandbox_of(here)
    last = await sandbox.run(["sh", "-c", "wc -l < repo/ticks"])
    await kill_sandbox(here)
    await asyncio.wait_for(here.engine.wait("fix"), 60)
    kept = git(here.origin, "show", "courier/fix:ticks").splitlines()
    lost = int(last.stdout) - len(kept)
    # Ten ticks a second at most; half a second to take it out of the sandbox.
    assert 0 <= lost <= (every + 0.5) * 10


async def test_another_machine_goes_on_from_the_remote_alone(
    here: Scene, sandboxd: Endpoint, tmp_path: Path
) -> None:
    await here.submit(saving_plan(here, GO_ON))
    kept = await saved(here, path="progress")
    async with scene(tmp_path / "elsewhere", here.origin, provider(sandboxd)) as there:
        assert await there.world.repository.find_commit(kept.commit) is None
        plan = saving_plan(here, GO_ON)
        start = StartAttempt(plan.steps[0], 1, 2, base=here.base, resume=kept)
        work = await earlier_work(there.world, plan, start)
        assert work is not None
        assert "deep/new" in await there.world.repository.files(work, "")
        assert await there.world.checkpoints.newest("fix", "work-1.1") == kept
        assert await there.world.checkpoints.of("fix") == [kept]
        assert await there.world.checkpoints.base_of(kept) == here.base
        (found,) = (await there.world.checkpoints.hidden()).saved["fix"]
        assert found == f"{SAVED}/work-1.1"
    await kill_sandbox(here)
    await asyncio.wait_for(here.engine.wait("fix"), 60)


async def test_a_cancelled_run_whose_sandbox_is_gone_names_what_was_saved(here: Scene) -> None:
    await here.submit(saving_plan(here, GO_ON))
    kept = await saved(here, path="progress")
    await here.engine.cancel("fix", by="me", reason="enough")
    await kill_sandbox(here)
    await asyncio.wait_for(here.engine.wait("fix"), 60)
    record = await here.record()
    assert record["phase"] == "cancelled"
    (step,) = record["steps"]
    named = step.get("checkpoint")
    assert step["commit"] is not None or (named and named["commit"] == kept.commit)


async def test_a_candidate_goes_on_from_its_own_checkpoint(here: Scene) -> None:
    both = tuple(
        each.model_copy(update={"steps": (_saved_often(each.steps[0]), *each.steps[1:])})
        for each in (candidate("one", design=GO_ON), candidate("two", design=GO_ON))
    )
    await here.submit(contest(here, *both, judge="echo candidate-1"))
    async with asyncio.timeout(30):
        while len(kept := await here.world.checkpoints.of("fix")) < 2:
            await asyncio.sleep(0.1)
    assert {one.attempt for one in kept} == {"c1/design-1.1", "c2/design-1.1"}
    await kill_sandbox(here)
    state = await asyncio.wait_for(here.engine.wait("fix"), 90)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    steps = (await here.record())["steps"]
    resumed = {step["resumed"]["attempt"] for step in steps if "resumed" in step}
    assert resumed == {"c1/design-1.1", "c2/design-1.1"}
    assert (await replay(here.world, here.engine, "fix")).is_exact


def _saved_often(step: FrozenStep) -> FrozenStep:
    return step.model_copy(update={"checkpoint_seconds": 1})


async def test_a_machine_shared_by_all_steps_is_replaced_with_its_work(here: Scene) -> None:
    plan = saving_plan(here, GO_ON)
    machine = plan.sandbox.model_copy(update={"reuse": "perRun"})
    await here.submit(plan.model_copy(update={"sandbox": machine}))
    await saved(here, path="progress")
    await kill_sandbox(here)
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert "deep/new" in git(here.origin, "ls-tree", "-r", "--name-only", "courier/fix").split()


async def test_a_checkpoint_nobody_has_any_more_costs_the_work_and_not_the_run(
    here: Scene,
) -> None:
    """As where its time was over on the remote, and another machine takes the run up."""
    await here.submit(
        saving_plan(here, "echo 1 > progress; echo begun; sleep 6; echo done > value")
    )
    kept = await saved(here, path="progress")
    (ref,) = (await here.world.checkpoints.hidden()).saved["fix"]
    await here.world.checkpoints.drop([ref])
    start = StartAttempt(
        saving_plan(here, "true").steps[0],
        1,
        2,
        base=here.base,
        resume=kept.model_copy(update={"commit": "0" * 40}),
    )
    assert await earlier_work(here.world, saving_plan(here, "true"), start) is None
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert state.result == {"phase": "completed", "reason": "Completed"}


class Stuck(Passing):
    """A remote that takes a checkpoint and never answers."""

    def __init__(self, inner: Checkpoints) -> None:
        super().__init__(inner)
        self.asked = asyncio.Event()

    async def add(self, commit: str, *, line: Line, at: datetime) -> Checkpoint:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_checkpoint_on_its_way_does_not_hold_the_end_of_the_turn_up(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    origin, stuck = make_origin(tmp_path, {"value": "none\n"}), list[Stuck]()

    def hold(kept: Checkpoints) -> Checkpoints:
        stuck.append(Stuck(kept))
        return stuck[-1]

    sandboxes = provider(sandboxd)
    async with scene(tmp_path / tmp_path.name, origin, sandboxes, checkpoints=hold) as here:
        await here.submit(saving_plan(here, f"echo done > value; {UNTIL_TOLD}"))
        await asyncio.wait_for(stuck[-1].asked.wait(), 30)
        await here.go_on()
        state = await asyncio.wait_for(here.engine.wait("fix"), 60)
        assert state.result == {"phase": "completed", "reason": "Completed"}
        assert git(origin, "show", "courier/fix:value") == "done"


async def test_work_too_large_to_deliver_is_not_saved_and_told(here: Scene) -> None:
    plan = saving_plan(
        here, "head -c 60000 /dev/urandom > large; sleep 4; rm large; echo 1 > value"
    )
    small = plan.delivery.model_copy(update={"max_bytes": 50_000})
    await here.submit(plan.model_copy(update={"delivery": small}))
    await here.printed("fix", "TooLarge")
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert await here.world.checkpoints.of("fix") == []
