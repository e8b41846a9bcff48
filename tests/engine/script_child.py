"""Lives and deaths of courier while scripts run: killed at every fact about one, in turn.

Run by hand: ``python -m tests.engine.script_child FOLDER --url URL --key KEY``.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from courier.engine.journal.writer import Fact, Observer
from courier.runs.briefs.assets import FrozenCommand, FrozenScript, Moment
from courier.runs.run.frozen import FrozenPlan
from tests.engine.journal_child import fork, reap
from tests.engine.run_child import MOST_KILLS, FactByFact, Stage, build
from tests.engine.worlds import Scene, provider, scene, single_plan
from tests.fakes.embedded import Endpoint

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
    async with scene(stage.home, stage.origin, sandboxes, observer=observer) as opened:
        await opened.submit(plan_of(opened))
        await opened.engine.wait("fix")
    return 0


def kill_at_every_fact(stage: Stage) -> int:
    """Kill courier just before and just after every fact about a script; return how often."""
    kills = 0
    while reap(fork(partial(live, stage, AboutScripts(FactByFact(stage.folder / "killed-at"))))):
        kills += 1
        if kills > MOST_KILLS:
            raise RuntimeError("The run gets nowhere.")
    return kills


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    asked = parser.parse_args()
    # Imported once, before the lives are forked off.
    import e2b  # noqa: F401

    stage = build(asked.folder, Endpoint(asked.url, asked.key, asked.folder))
    sys.stdout.write(json.dumps({"kills": kill_at_every_fact(stage)}) + "\n")


if __name__ == "__main__":
    main()
