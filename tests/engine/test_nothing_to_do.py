"""With nothing to do courier asks no model and makes no sandbox, however often it looks."""

import json
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from courier.engine.desired.desired import DesiredState
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.reconciler import Reconciler
from courier.engine.running.question import SIGNAL as APPROVAL
from courier.planning.documents.manifest import Schemas
from courier.ports.sandboxes import SandboxSpec
from courier.runs.replies.score import PARTS
from courier.runs.usage.budget import SIGNAL as BUDGET
from courier.runs.usage.budget import Caps
from courier.sandboxes.e2b import E2BSandboxes
from courier.sandboxes.machine import Machine
from courier.shipped import schema_text
from courier.system import SystemClock
from tests.engine.worlds import Scene, git, make_origin, scene, single_plan
from tests.fakes.embedded import Endpoint
from tests.fakes.models import Asked, Call, Reply, ScriptedModels, Turn

PASSES = 8


class Counted(E2BSandboxes):
    """Sandboxes of a real server that count how many were made."""

    made = 0

    async def create(self, spec: SandboxSpec) -> Machine:
        self.made += 1
        return await super().create(spec)


def counted(sandboxd: Endpoint) -> Counted:
    return Counted(
        api_key=sandboxd.api_key,
        clock=SystemClock(),
        environ=os.environ,
        api_url=sandboxd.url,
        sandbox_url=sandboxd.url,
    )


def document(kind: str, name: str, spec: Mapping[str, object]) -> str:
    head = {"apiVersion": "courier/v1", "kind": kind, "metadata": {"name": name}}
    return json.dumps({**head, "spec": spec})


def work(name: str, **spec: object) -> dict[str, object]:
    return {
        "type": "single",
        "steps": [{"name": "work", "type": "custom", "run": f"echo {name} > value"}],
        **spec,
    }


DOCUMENTS = {
    ".courier/project.yaml": document(
        "Project",
        "demo",
        {
            "quality": {"score": "everyStep", "model": "anthropic/judge-1"},
            "budgets": {"perDay": 5, "perRun": 1},
        },
    ),
    ".courier/fix.yaml": document("Workflow", "fix", work("fix")),
    ".courier/asks.yaml": document(
        "Workflow", "asks", work("asks", approvals=[{"before": "delivery"}])
    ),
    ".courier/yearly.yaml": document(
        "RecurringTask",
        "yearly",
        {
            "workflow": "fix",
            "prompt": "Tidy.",
            "schedule": {"cron": "0 0 29 2 *", "timezone": "UTC"},
        },
    ),
    **{
        f".courier/{name}.yaml": document("Run", name, {"workflow": flow, "prompt": "Do it."})
        for name, flow in (("proposed", "fix"), ("waits", "asks"), ("dear", "fix"))
    },
    "value": "none\n",
}


def judged(_asked: Asked) -> Reply:
    return Turn.of(Call("score", {name: {"score": 90, "reason": "fine"} for name in PARTS}))


def reconciler(here: Scene) -> Reconciler:
    observation = Observation(here.world, here.engine, remote=str(here.origin))
    return Reconciler(
        here.world,
        DesiredState(here.world, Schemas(schema_text)),
        observation,
        Dispatcher(here.world, here.engine, observation),
    )


@pytest.mark.slow
async def test_passes_over_a_settled_world_ask_no_model_and_make_no_sandbox(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    origin = make_origin(tmp_path, DOCUMENTS)
    sandboxes = counted(sandboxd)
    with ScriptedModels({"score": judged}) as models:
        async with scene(
            tmp_path / tmp_path.name,
            origin,
            sandboxes,
            environment={"ANTHROPIC_API_KEY": "key-of-the-model"},
            agent_env={"ANTHROPIC_BASE_URL": models.base_url("all", "score")},
        ) as here:
            cost = """echo '{"kind": "usage", "usage": {"costUsd": "2"}}'; sleep 300"""
            dear = single_plan(here, cost, run="dear", agent="teller")
            caps = Caps(per_day=Decimal(5), on_exceed="park")
            changes = {"budget_usd": Decimal(1), "caps": caps}
            await here.submit(dear.model_copy(update=changes))
            first = reconciler(here)
            began = await first.reconcile()
            assert began.plan is not None, began.diagnostics
            await here.engine.wait("proposed")
            await here.reached("waits", APPROVAL)
            await here.reached("dear", BUDGET)
            # They did ask and were made while there was something to do.
            asked, made = len(models.logged("all")), sandboxes.made
            assert (asked, made) == (2, 3)
            settled = await first.reconcile()
            told = git(origin, "rev-parse", "courier/state")
            for _ in range(PASSES):
                await first.reconcile()
                again = await reconciler(here).reconcile()
                assert again.plan is not None
                assert again.plan.changes == ()
            assert settled.plan is not None
            assert {each.run for each in settled.plan.actions} == {"waits", "dear"}
            assert (len(models.logged("all")), sandboxes.made) == (asked, made)
            assert git(origin, "rev-parse", "courier/state") == told
            for run in ("waits", "dear"):
                await here.engine.cancel(run, by="test", reason="over")
                await here.engine.wait(run)
