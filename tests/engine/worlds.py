"""A whole world for one repository: real git, real sandboxes, the local forge, nothing faked."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from courier.agents.claude import ClaudeDriver
from courier.agents.codex import CodexDriver
from courier.agents.described import DescribedDriver
from courier.agents.opencode import OpenCodeDriver
from courier.agents.pi import PiDriver
from courier.agents.shell import ShellDriver
from courier.engine.interactive.keeper import FLOW as SANDBOX_FLOW
from courier.engine.interactive.keeper import Keeper
from courier.engine.journal.writer import Observer
from courier.engine.money.ledger import Ledger
from courier.engine.ownership import guarded_world
from courier.engine.running.candidate import CandidateRunner
from courier.engine.running.candidates import FLOW as CANDIDATE
from courier.engine.running.runner import FLOW, Runner
from courier.engine.seam import Context, Engine, Json, RunState
from courier.engine.serving.engines import Engines
from courier.engine.world import World
from courier.forges.local import LocalForge
from courier.llm.providers import Providers
from courier.ports.agents import AgentDriver
from courier.ports.checkpoints import Checkpoints
from courier.ports.forges import Forge
from courier.ports.sandboxes import Sandboxes
from courier.runs.run.frozen import FrozenDelivery, FrozenGit, FrozenLoop, FrozenPlan, FrozenStep
from courier.sandboxes.e2b import E2BSandboxes
from courier.storage.checkpoints import CheckpointRefs
from courier.storage.index import Index
from courier.storage.live import LiveTranscripts
from courier.storage.mirror import Mirror
from courier.storage.shared import SharedMirror
from courier.storage.state import StateBranch
from courier.system import EnvironmentSecrets, SystemClock, secret_names
from tests.fakes.embedded import Endpoint
from tests.fakes.github.hosting import Hosting
from tests.fakes.teller import TellerDriver

IDENTITY = {
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
}


DRIVERS: tuple[AgentDriver, ...] = (
    ShellDriver(),
    ClaudeDriver(),
    CodexDriver(),
    OpenCodeDriver(),
    PiDriver(),
    TellerDriver(),
)
UNTIL_TOLD = "echo begun; until [ -e ~/go-on ]; do sleep 0.05; done"
DEMO_SECRETS = {"DEMO_TOKEN": "s3cret-demo-token"}


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
    """One repository with courier around it; `hosting` is the fake GitHub it is on, if it is."""

    origin: Path
    world: World
    engine: Engine
    hosting: Hosting | None = None

    @property
    def forge(self) -> Forge:
        """The forge of this scene's plans."""
        return self.world.forges[self.forge_name]

    @property
    def remote(self) -> str:
        """Where the repository is for git."""
        return str(self.origin) if self.hosting is None else self.hosting.remote

    @property
    def forge_name(self) -> Literal["github", "local"]:
        return "local" if self.hosting is None else "github"

    @property
    def base(self) -> str:
        return git(self.origin, "rev-parse", "main")

    def tip(self, branch: str) -> str:
        return git(self.origin, "rev-parse", branch)

    async def submit(self, plan: FrozenPlan) -> None:
        frozen: Json = json.loads(plan.model_dump_json(by_alias=True))
        await self.engine.submit(plan.run, flow=FLOW, input=frozen)

    async def run(self, plan: FrozenPlan) -> RunState:
        await self.submit(plan)
        return await self.engine.wait(plan.run)

    async def reached(self, run: str, step: str, *, within: float = 30.0) -> None:
        """Wait until a run has opened a durable step."""
        async with asyncio.timeout(within):
            while True:
                state = await self.engine.status(run)
                if state is not None and state.step == step:
                    return
                assert state is None or not state.phase.ended, (state, step)
                await asyncio.sleep(0.01)

    async def printed(self, run: str, text: str, *, within: float = 30.0) -> None:
        """Wait until the run's live transcript holds a text."""
        async with asyncio.timeout(within):
            while text.encode() not in self.world.transcripts.whole(run):
                await asyncio.sleep(0.02)

    async def record(self, run: str = "fix") -> dict[str, Any]:
        await self.world.state.refresh()
        paths = [path for path in await self.world.state.paths("runs") if f"/{run}/" in path]
        (path,) = [path for path in paths if path.endswith("run.json")]
        found: dict[str, Any] = json.loads((await self.world.state.read([path]))[path])
        return found

    async def go_on(self, run: str = "fix") -> None:
        """Let agents go on that wait with `UNTIL_TOLD`."""
        for found in await self.world.sandboxes.find({"courier-run": run, **self.labels}):
            sandbox = await self.world.sandboxes.connect(found.id, timeout_seconds=300)
            await sandbox.write({f"{sandbox.home}/go-on": b""})

    async def tidy(self, run: str = "fix") -> bool:
        """Return whether nothing of the run is left running."""
        return not await self.world.sandboxes.find({"courier-run": run, **self.labels})

    @property
    def labels(self) -> dict[str, str]:
        return {"courier-home": self.world.home}

    def branches(self) -> set[str]:
        listed = git(self.origin, "for-each-ref", "--format=%(refname:short)", "refs/heads")
        return set(listed.split()) - {"courier/state"}


def provider(sandboxd: Endpoint) -> E2BSandboxes:
    """Return the sandboxes of a running server."""
    return E2BSandboxes(
        api_key=sandboxd.api_key,
        clock=SystemClock(),
        environ=os.environ,
        api_url=sandboxd.url,
        sandbox_url=sandboxd.url,
    )


@asynccontextmanager
async def scene(
    folder: Path,
    origin: Path,
    sandboxes: Sandboxes,
    *,
    environment: Mapping[str, str] = DEMO_SECRETS,
    agent_env: Mapping[str, str] | None = None,
    observer: Observer | None = None,
    concurrency: int | None = None,
    checkpoints: Callable[[Checkpoints], Checkpoints] = lambda kept: kept,
    shared: "Sharing | None" = None,
    hosting: Hosting | None = None,
    office: Callable[[Forge], Forge] = lambda forge: forge,
) -> AsyncIterator[Scene]:
    """Open a world on an origin; the same folder again is the same courier restarted.

    With a hosting, the origin is reached over HTTP and plans propose on the fake GitHub.
    """
    clock = SystemClock()
    secrets = EnvironmentSecrets(environment, names=secret_names(environment))
    mirror = (Mirror if shared is None else SharedMirror)(
        folder,
        remote=str(origin) if hosting is None else hosting.remote,
        clock=clock,
        credentials=None if hosting is None else hosting.credentials(folder),
    )
    await mirror.open()
    await mirror.fetch()
    state = StateBranch(mirror)
    live = LiveTranscripts(folder / "transcripts", redact=secrets.redact)
    home, url = (folder.name, None) if shared is None else (shared.home, shared.url)
    engines = Engines(home, folder / "journal", url, clock, live)
    await engines.learn()
    index = Index(state, folder / "index", clock)
    github = hosting.forge(mirror, clock) if hosting is not None else None
    world = World(
        home=engines.label,
        clock=clock,
        sandboxes=sandboxes,
        repository=mirror,
        state=state,
        index=index,
        checkpoints=checkpoints(CheckpointRefs(mirror.plumbing, mirror.remote)),
        forges={
            "local": office(LocalForge(repository=mirror, state=state, clock=clock)),
            **({} if github is None else {"github": office(github)}),
        },
        secrets=secrets,
        transcripts=engines.transcripts,
        drivers={driver.name: driver for driver in DRIVERS},
        describe=DescribedDriver,
        models=Providers(secrets, agent_env or {}, clock),
        agent_env=agent_env or {},
        ledger=Ledger(engines.pool),
    )
    world = world if shared is None else guarded_world(world)
    engine = engines.engine(observer)

    _register(engine, world)
    engine.limit(None, concurrency=concurrency)
    await engine.start()
    try:
        yield Scene(origin, world, engine, hosting)
    finally:
        if github is not None:
            await github.close_connections()
        await engine.stop()
        await engines.close()
        await sandboxes.close()
        index.close()
        await mirror.close()


def _register(engine: Engine, world: World) -> None:
    async def flow(context: Context) -> Json:
        return await Runner(world, context, engine, engine).go()

    async def candidate(context: Context) -> Json:
        return await CandidateRunner(world, context, engine, engine).go()

    async def keep(context: Context) -> Json:
        return await Keeper(world, context).go()

    engine.register(FLOW, flow)
    engine.register(SANDBOX_FLOW, keep)
    engine.register(CANDIDATE, candidate)


@dataclass(frozen=True)
class Sharing:
    """What the workers of one repository have in common.

    Attributes:
        home: The repository's id.
        url: The database.
    """

    home: str
    url: str


def shell_plan(
    scene: Scene, *, run: str = "fix", design: str, check: str = "true", **changes: object
) -> FrozenPlan:
    """Return a designer and a checker that are both shell commands."""
    return _plan(scene, run, shell_steps("shell", design, check)).model_copy(update=changes)


def teller_plan(scene: Scene, *, design: str, check: str, **changes: object) -> FrozenPlan:
    """Return a designer and a checker that say what their commands print."""
    return _plan(scene, "fix", shell_steps("teller", design, check)).model_copy(update=changes)


def single_plan(
    scene: Scene, commands: str, *, run: str = "fix", agent: str = "shell", **step: object
) -> FrozenPlan:
    """Return one step without a verdict; keywords go to the step."""
    work = FrozenStep(name="work", type="custom", agent=agent, run=commands)
    plan = _plan(scene, run, (work.model_copy(update=step),))
    return plan.model_copy(update={"workflow_type": "single"})


def shell_steps(agent: str, design: str, check: str) -> tuple[FrozenStep, ...]:
    """Return a designer and a checker."""
    return (
        FrozenStep(name="design", type="designer", agent=agent, run=design),
        FrozenStep(name="check", type="checker", agent=agent, run=check, gives_verdict=True),
    )


def _plan(scene: Scene, run: str, steps: tuple[FrozenStep, ...]) -> FrozenPlan:
    plan = plan_of(scene.base, run, steps)
    return plan.model_copy(update={"delivery": FrozenDelivery(forge=scene.forge_name)})


def by_itself(origin: Path, plan: FrozenPlan) -> FrozenPlan:
    """Return the plan, to be proposed for a branch of its own.

    Of several with the same files for one branch, only one is proposed.
    """
    aim = f"for-{plan.run}"
    git(origin, "branch", "-f", aim, "main")
    return plan.model_copy(update={"git": plan.git.model_copy(update={"base_branch": aim})})


def plan_of(base: str, run: str, steps: tuple[FrozenStep, ...]) -> FrozenPlan:
    """Return a plan that begins at a commit."""
    return FrozenPlan(
        run=run,
        project="demo",
        workflow="fix",
        workflow_type="designerChecker",
        source="manual",
        spec_digest="s" * 64,
        catalog_digest="c" * 64,
        observed_commit=base,
        title="Fix the value",
        task="Fix the value.",
        steps=steps,
        loop=FrozenLoop(max_iterations=3),
        git=FrozenGit(
            base_branch="main",
            base_commit=base,
            branch=f"courier/{run}",
            author_name="courier",
            author_email="courier@example.com",
        ),
    )
