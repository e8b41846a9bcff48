"""What an agent finds in its sandbox: variables, files of earlier steps, the network or none."""

import pytest

from courier.runs.run.frozen import FrozenSandbox
from tests.engine.worlds import Scene, git, shell_plan, single_plan

pytestmark = pytest.mark.slow


async def test_variables_and_secrets_reach_the_agent(here: Scene) -> None:
    commands = """
    env | grep -E '^(COURIER_(RUN|STEP|ITERATION|TASK|BASE)|PLAIN)=' | sort > seen
    test "$DEMO_TOKEN" = s3cret-demo-""token
    test -s "$COURIER_PROMPT_FILE"
    test -z "$COURIER_FEEDBACK"
    pwd > place
    """
    env = {"PLAIN": 'it\'s $HOME "quoted"'}
    state = await here.run(single_plan(here, commands, env=env, secrets=("DEMO_TOKEN",)))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert git(here.origin, "show", "courier/fix:seen").splitlines() == [
        f"COURIER_BASE={here.base}",
        "COURIER_ITERATION=1",
        "COURIER_RUN=fix",
        "COURIER_STEP=work",
        "COURIER_TASK=Fix the value.",
        'PLAIN=it\'s $HOME "quoted"',
    ]
    assert git(here.origin, "show", "courier/fix:place").endswith("/repo")


@pytest.mark.parametrize("reuse", ["perStep", "perRun"])
async def test_a_sandbox_is_kept_for_the_run_only_where_asked_for(here: Scene, reuse: str) -> None:
    machine = FrozenSandbox().model_copy(update={"reuse": reuse})
    design = "echo cached >> ~/cache; echo left >> value; cp ~/cache seen"
    check = "echo dirt > keep.txt; [ $(wc -l < ~/cache) = 2 ]"
    if reuse == "perStep":
        check = "test ! -e ~/cache"
    state = await here.run(shell_plan(here, design=design, check=check, sandbox=machine))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    steps = (await here.record())["steps"]
    sandboxes = {step["sandbox"] for step in steps}
    assert (len(steps), len(sandboxes)) == ((4, 1) if reuse == "perRun" else (2, 2))
    # What a checker writes is thrown away, also where the designer comes back to its sandbox.
    assert git(here.origin, "show", "courier/fix:keep.txt") == "keep"
    assert await here.tidy()


async def test_a_checkers_changes_are_thrown_away(here: Scene) -> None:
    check = "echo evil > value; echo more > evil; git add -A; git commit -qm evil"
    await here.run(shell_plan(here, design="echo good > value", check=check))
    assert git(here.origin, "show", "courier/fix:value") == "good"
    assert git(here.origin, "rev-list", "--count", "main..courier/fix") == "1"


async def test_a_run_may_be_cut_off_the_network(here: Scene) -> None:
    machine = FrozenSandbox(network=False)
    commands = "tail -n +3 /proc/net/dev | cut -d: -f1 > nets"
    state = await here.run(single_plan(here, commands).model_copy(update={"sandbox": machine}))
    record = await here.record()
    if state.result == {"phase": "failed", "reason": "Misconfigured"}:
        assert "network" in record["message"]  # an isolation that cannot, says so
        return
    assert git(here.origin, "show", "courier/fix:nets").split() == ["lo"]


async def test_a_transcript_tells_the_run_in_its_order(here: Scene) -> None:
    check = "echo checked $COURIER_ITERATION; [ $COURIER_ITERATION = 2 ]"
    design = "echo designed $COURIER_ITERATION | tee value"
    await here.run(shell_plan(here, design=design, check=check))
    assert here.world.transcripts.attempts("fix") == [
        f"{step}-{iteration}.1-turn-1" for iteration in (1, 2) for step in ("design", "check")
    ]
    whole = here.world.transcripts.whole("fix")
    path = "{:%Y/%m/%d}/fix/transcript.jsonl.zst"
    record = await here.record()
    day = record["startedAt"][:10].replace("-", "/")
    kept = await here.world.state.read_transcript(path.replace("{:%Y/%m/%d}", day))
    assert kept == whole
    said = [line.split('"text": "')[1].split('"')[0] for line in whole.decode().splitlines()]
    assert said == ["designed 1", "checked 1", "designed 2", "checked 2"]
