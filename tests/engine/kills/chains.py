"""Chains of three: issues on one branch, and sprints of which one fails at first."""

from courier.engine.journal.writer import Observer
from tests.engine.chainscenes import Ground, chain_scene, issues, sprints
from tests.engine.kills.lives import Stage
from tests.engine.worlds import git

ISSUES = ("a", "b", "c")
SPRINTS = ("one", "two", "three")


def _planted(stage: Stage, documents: str) -> Ground:
    ground = Ground(stage.folder)
    if not (stage.folder / "planted").exists():
        ground.plant(documents)
    return ground


async def live_issues(stage: Stage, observer: Observer) -> int:
    """Be courier until the chain has nothing more to do."""
    ground = _planted(stage, issues(*ISSUES))
    async with chain_scene(ground, stage.sandboxd, observer=observer) as scene:
        await scene.settle()
    return 0


async def live_sprints(stage: Stage, observer: Observer) -> int:
    """Be courier, and whoever mends the plan once the second sprint has failed."""
    ground = _planted(stage, sprints(*SPRINTS, prompts={"two": "BREAK it."}))
    async with chain_scene(ground, stage.sandboxd, observer=observer) as scene:
        await scene.settle()
        if "resumeFrom" not in git(stage.origin, "show", "main:.courier/chain.yaml"):
            scene.commit({".courier/chain.yaml": sprints(*SPRINTS, resumeFrom="two")})
            await scene.settle()
    return 0
