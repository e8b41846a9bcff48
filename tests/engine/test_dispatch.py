"""Plans carried out: one action that cannot be done keeps no other from being done."""

import pytest

from courier.engine.inflight import Phase
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.planning.plan import Action, Plan, PublishRun, StartRun
from tests.engine.worlds import Scene, single_plan

pytestmark = pytest.mark.slow


def dispatcher(here: Scene) -> Dispatcher:
    observation = Observation(here.world, here.engine, remote=str(here.origin))
    return Dispatcher(here.world, here.engine, observation)


def planned(*actions: Action) -> Plan:
    return Plan(
        project="demo",
        repository="",
        commit="c" * 40,
        catalog_digest="c",
        observed_digest="o",
        actions=actions,
    )


async def test_an_action_that_fails_leaves_the_others_their_turn(here: Scene) -> None:
    start = StartRun(run="fix", reason="asked for", frozen=single_plan(here, "echo x > value"))
    gone = PublishRun(run="gone", reason="merged", pull_request_status="merged")
    done = await dispatcher(here).carry_out(planned(gone, start))
    assert [one.how for one in done] == ["failed", "started"]
    assert "gone" in done[0].message
    state = await here.engine.wait("fix")
    assert state.result == {"phase": "completed", "reason": "Completed"}


async def test_a_run_cancelled_before_its_start_gets_its_record_from_the_next_pass(
    here: Scene,
) -> None:
    here.engine.limit(None, concurrency=1)
    await here.submit(single_plan(here, "sleep 1", run="first"))
    frozen = single_plan(here, "true", run="second")
    await here.submit(frozen)
    await here.engine.cancel("second", by="ada", reason="not needed")
    assert (await here.engine.wait("second")).phase is Phase.CANCELLED
    start = StartRun(run="second", reason="asked for", frozen=frozen)
    (done,) = await dispatcher(here).carry_out(planned(start))
    assert (done.how, done.message) == ("stuck", "Cancelled by ada: not needed")
    record = await here.record("second")
    assert (record["phase"], record["reason"]) == ("cancelled", "Cancelled")
    assert record["steps"] == []
    await here.engine.wait("first")
