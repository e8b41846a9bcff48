"""A run with scripts: courier is killed only at facts about one."""

from collections.abc import Sequence
from typing import Literal

from courier.engine.journal.writer import Fact, Observer
from courier.runs.briefs.assets import FrozenCommand, FrozenScript, Moment
from courier.runs.run.frozen import FrozenPlan
from tests.engine.kills.lives import Stage
from tests.engine.worlds import Scene, provider, scene, single_plan

SLOWLY = 'echo "{name} begun"; echo {name} >> ~/starts; sleep 0.3; echo "{name} done"'
MOMENTS: tuple[Moment, ...] = ("preRun", "preStep", "context", "postStep", "postRun")


class AboutScripts:
    """Passes on what is about scripts and programs; everything else goes by."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def __call__(self, when: Literal["before", "after"], facts: Sequence[Fact]) -> None:
        told = [fact for fact in facts if fact.name and _is_told(fact.name)]
        if told:
            self._observer(when, told)


def _is_told(name: str) -> bool:
    return any(f"/{word}" in name for word in (*MOMENTS, "programs"))


def script(when: Moment) -> FrozenScript:
    name = when.lower()
    more = "\ncp ~/starts starts" if when == "postStep" else ""
    return FrozenScript(name=name, when=when, run=SLOWLY.format(name=name) + more)


def plan_of(scene: Scene) -> FrozenPlan:
    plan = single_plan(scene, "greet > value; echo work >> ~/starts")
    given = {
        "scripts": tuple(map(script, MOMENTS)),
        "commands": (FrozenCommand(name="greet", run="echo hello"),),
    }
    return plan.model_copy(update={"steps": (plan.steps[0].model_copy(update=given),)})


async def live(stage: Stage, observer: Observer) -> int:
    """Be courier until the run has ended; the observer may end it earlier."""
    sandboxes = provider(stage.sandboxd)
    about = AboutScripts(observer)
    async with scene(stage.home, stage.origin, sandboxes, observer=about) as opened:
        await opened.submit(plan_of(opened))
        await opened.engine.wait("fix")
    return 0
