"""Worlds in which a whole chain is worked off: real engine, sandboxes, git and forge."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from courier.engine.desired.desired import DesiredState
from courier.engine.journal.writer import Observer
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.reconciler import Reconciler, Result
from courier.planning.documents.manifest import Schemas
from courier.planning.documents.references import Ref
from courier.planning.observed.course import Course, path_of
from courier.ports.repository import Identity
from courier.shipped import schema_text
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.github.hosting import Hosting
from tests.fakes.github.hosting import hosting as hosted

PERSON = Identity("Ada", "ada@example.com")
WORK = "printf '%s\\n' \"$(printf '%s' \"$COURIER_TASK\" | head -1)\" >> log"
PROJECT = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec: {title: Demo}
"""
NOTE = f"""\
apiVersion: courier/v1
kind: Workflow
metadata: {{name: note}}
spec:
  steps:
    - name: work
      type: custom
      run: |
        if grep -q 'BREAK' <<< "$COURIER_TASK"; then exit 3; fi
        {WORK}
"""


@dataclass
class ChainScene:
    """A repository with a chain, and passes over it until nothing moves."""

    here: Scene
    reconciler: Reconciler

    async def settle(self) -> Result:
        """Do passes, and wait for every run between them, until one finds nothing to start."""
        async with asyncio.timeout(120):
            while True:
                # As a forge's webhook does, so that nobody waits for the next look at it.
                self.reconciler.look_again()
                result = await self.reconciler.reconcile()
                for state in await self.here.engine.list(live=True):
                    await self.here.engine.wait(state.run_id)
                if result.was_idle:
                    return result

    async def course(self, kind: str, name: str) -> Course:
        await self.here.world.state.refresh()
        path = path_of(Ref(kind, name))
        return Course.model_validate_json((await self.here.world.state.read([path]))[path])

    async def runs(self) -> list[str]:
        listed = await self.here.engine.list()
        return [state.run_id for state in sorted(listed, key=lambda one: one.submitted_at)]

    def log(self, branch: str) -> list[str]:
        return git(self.here.origin, "show", f"{branch}:log").splitlines()

    def commit(self, files: Mapping[str, str], *, branch: str = "main") -> None:
        """Commit files to a branch, as a person would."""
        clone = self.here.origin.parent / "clone"
        if not clone.exists():
            git(clone.parent, "clone", "-q", str(self.here.origin), str(clone))
        git(clone, "fetch", "-q")
        git(clone, "checkout", "-q", "-B", branch, f"origin/{branch}")
        for path, content in files.items():
            (clone / path).parent.mkdir(parents=True, exist_ok=True)
            (clone / path).write_text(content)
        git(clone, "add", "-A")
        git(clone, "commit", "-q", "-m", "By hand")
        git(clone, "push", "-q", "origin", branch)

    async def pulls(self) -> list[tuple[int, str, str, str]]:
        """Return number, base, branch and status of every pull request, the first first."""
        found = await self.here.forge.list()
        return [(one.number, one.base, one.branch, one.status) for one in reversed(found)]

    async def merge(self, number: int, *, squash: bool = False) -> None:
        await self.here.forge.merge(number, by=PERSON, squash=squash)


@dataclass(frozen=True)
class Ground:
    """Where chains are worked off: a folder, and the fake GitHub its repository is on, if any."""

    folder: Path
    hosting: Hosting | None = None

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def home(self) -> Path:
        return self.folder / self.folder.name

    def project(self, **repository: str) -> str:
        """Return the document of the project, on the forge it is on."""
        told = repository | ({} if self.hosting is None else {"forge": "github"})
        return PROJECT.replace(
            "Demo}", f"Demo, repository: {json.dumps(told)}}}" if told else "Demo}"
        )

    def plant(self, documents: str) -> None:
        """Put the documents on the tracked branch, before anybody works there."""
        clone = self.folder / "planted"
        git(self.folder, "clone", "-q", str(self.origin), str(clone))
        (clone / ".courier").mkdir()
        (clone / ".courier/all.yaml").write_text(f"{self.project()}---\n{NOTE}")
        (clone / ".courier/chain.yaml").write_text(documents)
        git(clone, "add", "-A")
        git(clone, "commit", "-q", "-m", "Ask")
        git(clone, "push", "-q", "origin", "main")


@contextmanager
def ground_on(forge: str, folder: Path) -> Iterator[Ground]:
    """Make a repository on a forge."""
    origin = make_origin(folder, {"keep.txt": "keep\n"})
    if forge == "local":
        yield Ground(folder)
        return
    with hosted(folder / "github", origin) as found:
        yield Ground(folder, found)


@asynccontextmanager
async def chain_scene(
    where: Ground | Path,
    sandboxd: Endpoint,
    documents: str | None = None,
    *,
    observer: Observer | None = None,
) -> AsyncIterator[ChainScene]:
    """Open a world with a chain; without documents it is the same courier restarted.

    In a folder it is a new repository on the local forge.
    """
    if isinstance(where, Path):
        make_origin(where, {"keep.txt": "keep\n"})
    ground = Ground(where) if isinstance(where, Path) else where
    if documents is not None:
        ground.plant(documents)
    opening = scene(
        ground.home,
        ground.origin,
        provider(sandboxd),
        hosting=ground.hosting,
        observer=observer,
    )
    async with opening as here:
        observation = Observation(here.world, here.engine, remote=here.remote)
        dispatcher = Dispatcher(here.world, here.engine, observation)
        desired = DesiredState(here.world, Schemas(schema_text))
        yield ChainScene(here, Reconciler(here.world, desired, observation, dispatcher))


def issues(*names: str, **spec: object) -> str:
    """Return the documents of issues and of a chain that works them off."""
    each = "".join(
        f"""\
apiVersion: courier/v1
kind: Issue
metadata: {{name: {name}}}
spec: {{title: Mend {name}, description: It is broken.}}
---
"""
        for name in names
    )
    told = json.dumps({"issues": list(names), "workflow": "note"} | spec)
    chain = f"apiVersion: courier/v1\nkind: WorkChain\nmetadata: {{name: backlog}}\nspec: {told}\n"
    return each + chain


def sprints(*names: str, prompts: Mapping[str, str] | None = None, **spec: object) -> str:
    """Return the documents of a plan and of a chain that works it off."""
    each = [
        {"name": name, "title": f"Do {name}", "prompt": (prompts or {}).get(name, "Build it.")}
        for name in names
    ]
    plan = json.dumps({"goal": "All is well.", "sprints": each})
    told = json.dumps({"plan": "plan", "workflow": "note"} | spec)
    return f"""\
apiVersion: courier/v1
kind: SprintPlan
metadata: {{name: plan}}
spec: {plan}
---
apiVersion: courier/v1
kind: SprintChain
metadata: {{name: roadmap}}
spec: {told}
"""
