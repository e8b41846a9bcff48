"""A run whose secret has no value here: it waits, through restarts, until it has one."""

from pathlib import Path

import pytest

from courier.engine.accounts.replay import replay
from courier.engine.inflight import Phase
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.planning.plan import ResumeRun
from courier.runs.steps.parking import SIGNAL
from tests.engine.test_dispatch import planned
from tests.engine.worlds import Scene, git, make_origin, provider, scene, single_plan
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow


async def one_pass(here: Scene) -> tuple[str, str]:
    """Return what became of the run, and what it waits for."""
    observation = Observation(here.world, here.engine, remote=str(here.origin))
    observed = await observation.look(await here.world.repository.head())
    why = observed.in_flight["fix"].awaits
    decided = planned(ResumeRun(run="fix", reason=why))
    (done,) = await Dispatcher(here.world, here.engine, observation).carry_out(decided)
    return done.how, why


async def test_it_goes_on_where_courier_has_the_secret(tmp_path: Path, sandboxd: Endpoint) -> None:
    origin = make_origin(tmp_path, {"value": "none\n"})
    home = tmp_path / tmp_path.name
    async with scene(home, origin, provider(sandboxd)) as here:
        await here.submit(single_plan(here, "echo $KEY | wc -c > value", secrets=("KEY",)))
        await here.reached("fix", SIGNAL)
        how, why = await one_pass(here)
        assert (how, "KEY" in why) == ("underway", True)
        assert await here.tidy()
    async with scene(home, origin, provider(sandboxd)) as here:
        assert (await one_pass(here))[0] == "underway"
    environment = {"KEY": "12345678"}
    async with scene(home, origin, provider(sandboxd), environment=environment) as here:
        assert (await one_pass(here))[0] == "unlocked"
        assert (await here.engine.wait("fix")).phase is Phase.COMPLETED
        assert git(here.origin, "show", "courier/fix:value") == "9"
        first, second = (await here.record())["steps"]
        assert (first["outcome"]["reason"], first["sandbox"]) == ("MissingSecret", None)
        assert (second["attempt"], second["outcome"]["status"]) == (2, "completed")
        assert (await replay(here.world, here.engine, "fix")).is_exact


async def test_it_can_be_cancelled_while_it_waits(here: Scene) -> None:
    await here.submit(single_plan(here, "true", secrets=("NOT_SET_HERE",)))
    await here.reached("fix", SIGNAL)
    await here.engine.cancel("fix", by="ada", reason="no longer wanted")
    assert (await here.engine.wait("fix")).phase is Phase.CANCELLED
