"""A project whose runs are looked through for learnings: documents, passes, what is there then."""

import json
from collections.abc import Mapping
from typing import Any

from courier.engine.desired.desired import DesiredState
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.reconciler import Reconciler, Result
from courier.planning.documents.manifest import Schemas
from courier.ports.repository import Identity
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.records.extraction import PENDING
from courier.shipped import schema_text
from tests.engine.worlds import Scene, git
from tests.fakes.models import Asked, Call, Reply, ScriptedModels, Turn

ANNA = Identity("Anna", "anna@example.com")
LESSON: dict[str, object] = {
    "description": "The check greps for the word, so any other spelling fails.",
    "trigger": "When you write the file value",
    "correctBehavior": "Write exactly the word good.",
    "severity": "critical",
    "category": "gotcha",
    "roles": ["designer"],
}
DESIGN = """
[ "$COURIER_ITERATION" = 2 ] && echo good > value || echo goood > value
cat "$COURIER_PROMPT_FILE"
"""
CHECK = "grep -qx good value || { echo 'value must be good'; exit 1; }"
WORKFLOW = {
    "type": "designerChecker",
    "steps": [
        {"name": "design", "type": "designer", "run": DESIGN},
        {"name": "check", "type": "checker", "run": CHECK},
    ],
}


PLAIN = {"type": "single", "steps": [{"name": "work", "type": "custom", "run": "echo x > value"}]}
FENCE = "```"


def document(kind: str, name: str, spec: Mapping[str, Any]) -> str:
    told = {"apiVersion": "courier/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    return json.dumps(told)


def project(forge: str = "local", **learnings: object) -> str:
    spec = {
        "repository": {"forge": forge},
        "agent": "shell",
        "learnings": {"extract": "always", **learnings},
        "sessions": {"learning": {"model": "anthropic/small-1"}},
    }
    return document("Project", "demo", spec)


def run(name: str) -> str:
    return document("Run", name, {"workflow": "fix", "prompt": f"Write value for {name}."})


def documents(forge: str) -> Mapping[str, str]:
    return {
        ".courier/project.yaml": project(forge),
        ".courier/workflow.yaml": document("Workflow", "fix", WORKFLOW),
        ".courier/runs/one.yaml": run("one"),
    }


def reconciler(here: Scene) -> Reconciler:
    observation = Observation(here.world, here.engine, remote=here.remote)
    return Reconciler(
        here.world,
        DesiredState(here.world, Schemas(schema_text)),
        observation,
        Dispatcher(here.world, here.engine, observation),
    )


def write(here: Scene, files: Mapping[str, str]) -> None:
    """Commit files to the tracked branch, as people do."""
    clone = here.origin.parent / "people"
    if not clone.exists():
        git(here.origin.parent, "clone", "-q", str(here.origin), str(clone))
    git(clone, "pull", "-q")
    for path, content in files.items():
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_text(content)
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "Say what is wanted")
    git(clone, "push", "-q")


async def settled(here: Scene, *runs: str, passes: Reconciler | None = None) -> Result:
    """Do passes until the runs, and whatever looks them through, have ended."""
    passes = passes or reconciler(here)
    for _ in range(8):
        passes.look_again()
        result = await passes.reconcile()
        assert not [one for one in result.dispatched if one.how == "failed"], result.dispatched
        for state in await here.engine.list(live=True):
            await here.engine.wait(state.run_id)
        await here.world.state.refresh()
        pending = await here.world.state.paths(PENDING)
        if not pending and all([await here.engine.status(each) for each in runs]):
            break
    return await passes.reconcile()


async def proposals(here: Scene) -> list[PullRequest]:
    return [pull for pull in await here.forge.list() if pull.branch.startswith("courier-l")]


async def content(here: Scene, path: str) -> str:
    return (await here.world.state.read([path]))[path].decode()


async def said(here: Scene, run: str, step: str) -> str:
    await here.world.state.refresh()
    paths = await here.world.state.paths("runs")
    (path,) = [path for path in paths if f"/{run}/steps/01-{step}" in path and "output" in path]
    return await content(here, path)


def teacher(taught: list[dict[str, object]]) -> ScriptedModels:
    """Return a model that finds these in whatever run was rejected."""

    def lessons(asked: Asked) -> Reply:
        found = taught if "value must be good" in asked.prompt else []
        return Turn.of(Call("learnings", {"learnings": found}))

    return ScriptedModels({"learn": lessons})
