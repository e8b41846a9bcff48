"""A learning's whole life: found in one run, proposed, merged by a person, told to the next run."""

import asyncio
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from courier.engine.journal.writer import Fact, Observer
from tests.engine.kills.lives import Stage
from tests.engine.learning_worlds import (
    ANNA,
    document,
    documents,
    proposals,
    reconciler,
    run,
    write,
)
from tests.engine.worlds import Scene, git, provider, scene
from tests.fakes.github.hosting import Hosting
from tests.fakes.github.hub import Hub

SECONDS = 120
MODELS, GITHUB = "models", "github"
WORK = 'cat; echo "$COURIER_RUN" > value; echo "I was told that value must be good."'
"""Says what it was told, and what there is to learn from it."""

STEP = {"name": "design", "type": "designer", "agent": "worker"}
WORKFLOW = {"type": "single", "steps": [STEP]}
TOUCHES = {"write": "message", "push": "branch", "propose": ""}
"""What changes the world outside of flows, and the keyword that tells one time from the other."""


class Watched:
    """A port; its observer is told just before and just after everything that changes the world."""

    def __init__(self, port: Any, observer: Observer) -> None:
        self._port, self._observer = port, observer

    def __getattr__(self, name: str) -> Any:
        action = getattr(self._port, name)
        return partial(self._touch, name, action) if name in TOUCHES else action

    async def _touch(self, name: str, action: Any, *given: Any, **named: Any) -> Any:
        fact = Fact("pass", name, str(named.get(TOUCHES[name]) or given[0]))
        self._observer("before", [fact])
        found = await action(*given, **named)
        self._observer("after", [fact])
        return found


async def live(stage: Stage, observer: Observer) -> int:
    """Be courier, and Anna who merges what is proposed and then asks for another run."""
    url = stage.served.get(GITHUB)
    opening = scene(
        stage.home,
        stage.origin,
        provider(stage.sandboxd),
        environment={"ANTHROPIC_API_KEY": "key-of-the-model"},
        agent_env={"ANTHROPIC_BASE_URL": stage.served[MODELS]},
        observer=observer,
        hosting=_hosting(stage, url) if url else None,
    )
    async with opening as opened:
        await _settle(opened, observer)
        (found,) = await proposals(opened)
        if found.status == "created":
            await opened.forge.merge(found.number, by=ANNA)
        if "two.yaml" not in git(stage.origin, "ls-tree", "-r", "--name-only", "main"):
            write(opened, {".courier/runs/two.yaml": run("two")})
        await _settle(opened, observer)
    return 0


def plant(origin: Path, forge: str) -> None:
    """Put the documents on the tracked branch, before anybody works there."""
    clone = origin.parent / "planted"
    git(origin.parent, "clone", "-q", str(origin), str(clone))
    workflow = {
        ".courier/workflow.yaml": document("Workflow", "fix", WORKFLOW),
        ".courier/agent.yaml": document("Agent", "worker", {"start": ["sh", "-c", WORK]}),
    }
    for path, content in {**documents(forge), **workflow}.items():
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_text(content)
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "Ask")
    git(clone, "push", "-q", "origin", "main")


def _hosting(stage: Stage, url: str) -> Hosting:
    """Return how to get to the fake GitHub that another process serves."""
    hub = Hub(stage.folder / "lives" / str(os.getpid()), url=url)
    return Hosting(hub, hub.add("acme", "demo", stage.origin))


async def _settle(here: Scene, observer: Observer) -> None:
    """Do passes, and wait for every run between them, until nothing moves any more."""
    world = replace(
        here.world,
        state=Watched(here.world.state, observer),
        repository=Watched(here.world.repository, observer),
        forges={name: Watched(one, observer) for name, one in here.world.forges.items()},
    )
    passes = reconciler(replace(here, world=world))
    async with asyncio.timeout(SECONDS):
        while True:
            passes.look_again()
            result = await passes.reconcile()
            for state in await here.engine.list(live=True):
                await here.engine.wait(state.run_id)
            if result.was_idle:
                return
