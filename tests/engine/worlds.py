"""A whole world for one repository: real git, real sandboxes, the local forge, nothing faked."""

import json
import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from courier.agents.claude import ClaudeDriver
from courier.agents.shell import ShellDriver
from courier.engine.journal import JournalEngine
from courier.engine.runner import FLOW, Runner
from courier.engine.seam import Context, Json, RunState
from courier.engine.world import World
from courier.forges.local import LocalForge
from courier.runs.frozen import FrozenGit, FrozenLoop, FrozenPlan, FrozenStep
from courier.sandboxes.e2b import E2BSandboxes
from courier.storage.live import LiveTranscripts
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import EnvironmentSecrets, SystemClock
from tests.fakes.embedded import Endpoint

IDENTITY = {
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **IDENTITY},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def make_origin(folder: Path, files: Mapping[str, str]) -> Path:
    """Return a bare repository whose branch main holds the files in one commit."""
    seed, origin = folder / "seed", folder / "origin.git"
    seed.mkdir(parents=True)
    git(seed, "init", "-q", "-b", "main")
    for path, content in files.items():
        (seed / path).parent.mkdir(parents=True, exist_ok=True)
        (seed / path).write_text(content)
    git(seed, "add", "-A")
    git(seed, "commit", "-q", "-m", "Begin")
    git(folder, "clone", "-q", "--bare", str(seed), str(origin))
    return origin


@dataclass(frozen=True)
class Scene:
    """One repository with courier around it."""

    origin: Path
    world: World
    engine: JournalEngine

    @property
    def base(self) -> str:
        return git(self.origin, "rev-parse", "main")

    async def run(self, plan: FrozenPlan) -> RunState:
        frozen: Json = json.loads(plan.model_dump_json(by_alias=True))
        await self.engine.submit(plan.run, flow=FLOW, input=frozen)
        return await self.engine.wait(plan.run)

    async def record(self, run: str) -> dict[str, object]:
        await self.world.state.refresh()
        paths = [path for path in await self.world.state.paths("runs") if f"/{run}/" in path]
        (path,) = [path for path in paths if path.endswith("run.json")]
        found = json.loads((await self.world.state.read([path]))[path])
        assert isinstance(found, dict)
        return found


@asynccontextmanager
async def scene(folder: Path, origin: Path, sandboxd: Endpoint) -> AsyncIterator[Scene]:
    """Open a world on an origin; the same folder again is the same courier restarted."""
    clock = SystemClock()
    secrets = EnvironmentSecrets({"DEMO_TOKEN": "s3cret-demo-token"}, names=["DEMO_TOKEN"])
    sandboxes = E2BSandboxes(
        api_key=sandboxd.api_key,
        clock=clock,
        environ=os.environ,
        api_url=sandboxd.url,
        sandbox_url=sandboxd.url,
    )
    mirror = Mirror(folder, remote=str(origin), clock=clock)
    await mirror.open()
    await mirror.fetch()
    state = StateBranch(mirror)
    world = World(
        home=folder.name,
        clock=clock,
        sandboxes=sandboxes,
        repository=mirror,
        state=state,
        forge=LocalForge(repository=mirror, state=state, clock=clock),
        secrets=secrets,
        transcripts=LiveTranscripts(folder / "transcripts", redact=secrets.redact),
        drivers={driver.name: driver for driver in (ShellDriver(), ClaudeDriver())},
    )
    engine = JournalEngine(folder / "journal", clock=clock)

    async def flow(context: Context) -> Json:
        return await Runner(world, context).go()

    engine.register(FLOW, flow)
    await engine.start()
    try:
        yield Scene(origin, world, engine)
    finally:
        await engine.stop()
        await sandboxes.close()
        await mirror.close()


def shell_plan(
    scene: Scene, *, run: str = "fix", design: str, check: str = "true", **changes: object
) -> FrozenPlan:
    """Return a designer and a checker that are both shell commands."""
    plan = FrozenPlan(
        run=run,
        project="demo",
        workflow="fix",
        workflow_type="designerChecker",
        source="manual",
        spec_digest="s" * 64,
        catalog_digest="c" * 64,
        observed_commit=scene.base,
        title="Fix the value",
        task="Fix the value.",
        steps=(
            FrozenStep(name="design", type="designer", agent="shell", commands=design),
            FrozenStep(
                name="check", type="checker", agent="shell", commands=check, gives_verdict=True
            ),
        ),
        loop=FrozenLoop(max_iterations=3),
        git=FrozenGit(
            base_branch="main",
            base_commit=scene.base,
            branch=f"courier/{run}",
            author_name="courier",
            author_email="courier@example.com",
        ),
    )
    return plan.model_copy(update=changes)
