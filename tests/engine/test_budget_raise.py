"""A used-up budget is proposed to be raised by one line, once; merging it lets the run go on."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest

from courier.engine.desired.desired import DesiredState
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.reconciler import Reconciler
from courier.planning.documents.manifest import Schemas
from courier.ports.repository import Identity
from courier.runs.usage.budget import SIGNAL, Caps
from courier.shipped import schema_text
from tests.engine.worlds import Scene, Sharing, git, make_origin, provider, scene, single_plan
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

PROJECT = """\
# What this project may spend.
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  budgets:
    proposeRaise: true
    perDay: 1.50   # agreed in March
"""
WORKFLOW = """\
apiVersion: courier/v1
kind: Workflow
metadata: {name: fix}
spec:
  type: single
  steps: [{name: work, type: custom, run: "true"}]
"""
RUN = json.dumps(
    {
        "apiVersion": "courier/v1",
        "kind": "Run",
        "metadata": {"name": "fix"},
        "spec": {"workflow": "fix", "prompt": "Fix it."},
    }
)
DOCUMENTS = {
    ".courier/project.yaml": PROJECT,
    ".courier/workflow.yaml": WORKFLOW,
    ".courier/run.yaml": RUN,
    "value": "none\n",
}


def reconciler(here: Scene) -> Reconciler:
    observation = Observation(here.world, here.engine, remote=str(here.origin))
    return Reconciler(
        here.world,
        DesiredState(here.world, Schemas(schema_text)),
        observation,
        Dispatcher(here.world, here.engine, observation),
    )


async def test_one_line_is_proposed_once_and_merging_it_lets_the_run_go_on(
    tmp_path: Path, sandboxd: Endpoint, either: Sharing | None
) -> None:
    origin = make_origin(tmp_path, DOCUMENTS)
    commands = """
    echo x >> value
    echo '{"kind": "usage", "usage": {"costUsd": "1.60"}}'
    [ "$(grep -c x value)" = 2 ] || sleep 300
    echo '{"outcome": {"text": "Done."}}'
    """
    async with scene(tmp_path / tmp_path.name, origin, provider(sandboxd), shared=either) as here:
        caps = Caps(per_day=Decimal("1.5"), on_exceed="park")
        plan = single_plan(here, commands, agent="teller")
        await here.submit(plan.model_copy(update={"caps": caps}))
        await here.reached("fix", SIGNAL)
        for _ in range(2):
            # Each is a courier of its own: a restart proposes nothing again.
            passes = reconciler(here)
            for _ in range(2):
                await passes.reconcile()
        (pull,) = await here.forge.list()
        assert pull.title == "Raise budgets.perDay of demo from 1.5 to 3.0"
        assert "The project has spent $1.60 of its budget" in pull.body
        assert "| `fix` | $1.60 | 1 |" in pull.body
        changed = git(origin, "diff", "-U0", "main", pull.branch).splitlines()
        assert [line for line in changed if line[0] in "+-" and line[1] not in "+-"] == [
            "-    perDay: 1.50   # agreed in March",
            "+    perDay: 3.0   # agreed in March",
        ]
        await here.forge.merge(pull.number, by=Identity("ada", "ada@example.com"))
        passes = reconciler(here)
        async with asyncio.timeout(60):
            await passes.reconcile()
            state = await here.engine.wait("fix")
        assert state.result == {"phase": "completed", "reason": "Completed"}
        assert git(origin, "show", "courier/fix:value").split() == ["none", "x", "x"]
