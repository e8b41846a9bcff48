"""What steps hand on, in full beside the repository: earlier words, feedback, pictures."""

import pytest

from courier.runs.run.frozen import FrozenImage, FrozenLoop, FrozenStep
from tests.engine.worlds import Scene, git, shell_plan, single_plan

pytestmark = pytest.mark.slow

LARGE = "seq -w 1 50000"
"""Prints 300,000 bytes."""


def step(name: str, run: str, **changes: object) -> FrozenStep:
    found = FrozenStep(name=name, type="custom", agent="shell", run=run)
    return found.model_copy(update=changes)


async def test_large_words_are_cut_in_prompts_and_whole_in_files_and_on_record(
    here: Scene,
) -> None:
    look = """
    cp -r "$COURIER_EARLIER" seen
    wc -c < "$COURIER_PROMPT_FILE" > prompt-size
    printf %s "$COURIER_FEEDBACK$COURIER_TASK" | wc -c > env-size
    """
    steps = (step("plan", LARGE, type="planner"), step("work", look))
    plan = shell_plan(here, design="true", steps=steps, loop=FrozenLoop(max_iterations=1))
    state = await here.run(plan)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    whole = "\n".join(f"{n:05d}" for n in range(1, 50001))
    assert git(here.origin, "show", "courier/fix:seen/plan.md") == whole
    assert int(git(here.origin, "show", "courier/fix:prompt-size")) < 20_000
    assert int(git(here.origin, "show", "courier/fix:env-size")) < 20_000
    folder = (await here.record())["steps"][0]["folder"]
    (path,) = [
        path
        for path in await here.world.state.paths("runs")
        if path.endswith(f"{folder}/output.md")
    ]
    kept = (await here.world.state.read([path]))[path]
    assert kept.decode() == whole + "\n"


async def test_feedback_is_a_file_too_and_nothing_of_it_is_work(here: Scene) -> None:
    design = """
    test -e "$COURIER_EARLIER/check.feedback.md" && cat "$COURIER_EARLIER/check.feedback.md" > value
    echo x >> tries; ls -a "$COURIER_EARLIER" >> value
    """
    check = "test $(wc -l < tries) = 2 || { echo not yet; exit 1; }"
    state = await here.run(shell_plan(here, design=design, check=check))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert "not yet" in git(here.origin, "show", "courier/fix:value")
    files = git(here.origin, "ls-tree", "-r", "--name-only", "courier/fix").split()
    assert files == [".courier/project.yaml", "keep.txt", "tries", "value"]


async def test_pictures_lie_beside_the_repository_under_their_own_type(here: Scene) -> None:
    blob = git(here.origin, "rev-parse", "main:keep.txt")
    images = (
        FrozenImage(path="docs/a picture.PNG", blob=blob, size=5, type="png"),
        FrozenImage(path=".courier/b", blob=blob, size=5, type="jpeg"),
    )
    look = 'ls "$COURIER_IMAGES" > value; cat "$COURIER_IMAGES"/* >> value; git status --short'
    state = await here.run(single_plan(here, look).model_copy(update={"images": images}))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    told = git(here.origin, "show", "courier/fix:value").splitlines()
    assert told == ["01-a-picture.png", "02-image.jpg", "keep", "keep"]
    assert (await here.record())["steps"][0]["files"] == ["value"]
