"""Ended runs done again from one of their steps, with real git and real sandboxes."""

from datetime import UTC, datetime

import pytest

from courier.engine.accounts.replay import replay
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.requests.requests import Request, put_on_record
from courier.engine.requests.retries import prepared
from courier.errors import CourierError, Misused, NotFound
from courier.planning.catalog.catalog import Catalog
from courier.planning.plan import Plan
from courier.planning.planner import plan
from courier.ports.repository import Identity
from courier.runs.run.frozen import FrozenLoop
from tests.engine.worlds import Scene, git, shell_plan

pytestmark = pytest.mark.slow

ANA = Identity("Ana", "ana@example.com")
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DESIGN = "echo worked >> value"
CHECK = 'test "$COURIER_RUN" != fix || { echo "The provider is down."; exit 1; }'


def request(step: str = "", run: str = "fix", name: str = "fix.r2") -> Request:
    return Request("retry", run, ANA, AT, "the provider is back", name=name, step=step)


async def fail(here: Scene) -> None:
    loop = FrozenLoop(max_iterations=1)
    await here.run(shell_plan(here, design=DESIGN, check=CHECK, loop=loop))
    assert (await here.record())["reason"] == "LoopExhausted"


async def one_pass(here: Scene) -> Plan:
    observation = Observation(here.world, here.engine, remote=str(here.origin))
    await here.world.repository.fetch()
    observed = await observation.look(await here.world.repository.head())
    decided = plan(Catalog({}, "none"), observed, now=AT, drivers=("shell",))
    await Dispatcher(here.world, here.engine, observation).carry_out(decided)
    return decided


async def test_a_retry_on_record_is_done_once_and_goes_on_from_its_step(here: Scene) -> None:
    await fail(here)
    await put_on_record(request(), state=here.world.state)
    (start,) = (await one_pass(here)).actions
    assert start.reason == "Ana wants fix done again from step check"
    (again,) = (await one_pass(here)).actions
    assert again.action == "resumeRun"
    await here.engine.wait("fix.r2")
    assert (await one_pass(here)).actions == ()
    record = await here.record("fix.r2")
    assert (record["phase"], record["retryOf"]["run"]) == ("completed", "fix")
    assert [(one["step"], one.get("run")) for one in record["steps"]] == [
        ("design", "fix"),
        ("check", None),
    ]
    assert git(here.origin, "show", "courier/fix.r2:value") == "none\nworked"
    (opened,) = await here.forge.list()
    assert opened.branch == "courier/fix.r2"
    assert (await replay(here.world, here.engine, "fix.r2")).is_exact


async def test_from_an_earlier_step_its_work_is_done_anew(here: Scene) -> None:
    await fail(here)
    await put_on_record(request("design"), state=here.world.state)
    await one_pass(here)
    await here.engine.wait("fix.r2")
    record = await here.record("fix.r2")
    assert [one.get("run") for one in record["steps"]] == [None, None]
    assert record["usage"]["sandboxSeconds"] > 0


@pytest.mark.parametrize(
    ("asked", "kind"), [(request("nonsense"), Misused), (request(run="other"), NotFound)]
)
async def test_what_cannot_be_done_again_is_refused_and_held(
    here: Scene, asked: Request, kind: type[CourierError]
) -> None:
    await fail(here)
    with pytest.raises(kind):
        await prepared(here.world, here.engine, asked)
    await put_on_record(asked, state=here.world.state)
    decided = await one_pass(here)
    assert decided.actions == ()
    assert [(one.name, one.reason) for one in decided.held] == [("fix.r2", "Blocked")]
