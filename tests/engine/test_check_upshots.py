"""Pull requests whose checks have settled: said on them, and merged where that is wanted."""

from typing import Any

import pytest

from courier.engine.passes.rounds import Rounds
from courier.forges.local import ReportedChecks
from courier.ports.forges import Changes
from courier.runs.pullrequests.checks import Check, CheckStatus
from courier.runs.run.following import FrozenCi
from courier.runs.run.frozen import FrozenDelivery
from tests.engine.worlds import Scene, git, single_plan
from tests.fakes.github.hosting import Hosting

pytestmark = pytest.mark.slow


@pytest.fixture
def hosting(each_forge: Hosting | None) -> Hosting | None:
    return each_forge


async def tell(here: Scene, commit: str, status: CheckStatus, *, name: str = "tests") -> None:
    if here.hosting is not None:
        here.hosting.repo.check(commit, name, status)
        return
    reported = ReportedChecks(here.world.state, here.world.clock)
    await reported.tell(commit, Check(name=name, status=status))


async def go(here: Scene) -> None:
    """Do the rounds of a process that has done none before."""
    await here.world.repository.fetch()
    await here.world.index.follow()
    await Rounds(here.world, here.engine).go()


async def delivered(here: Scene, **changes: Any) -> str:
    plan = single_plan(here, "echo done > value")
    forge = {"forge": here.forge_name}
    settings = FrozenDelivery.model_validate({**forge, **changes.pop("delivery", {})})
    await here.run(plan.model_copy(update={"delivery": settings, **changes}))
    return here.tip("courier/fix")


async def test_it_merges_once_the_checks_the_project_names_are_green(here: Scene) -> None:
    ci, wish = FrozenCi(required=("tests",)), {"auto_merge": True}
    head = await delivered(here, ci=ci, delivery=wish)
    assert (await here.record())["pullRequest"]["status"] == "created"
    await tell(here, head, "success", name="lint")
    await go(here)
    assert (await here.forge.get(1)).status == "created"
    await tell(here, head, "success")
    await go(here)
    assert (await here.forge.get(1)).status == "merged"
    assert git(here.origin, "show", "main:value") == "done"


async def test_it_merges_at_once_where_the_project_waits_for_nothing(here: Scene) -> None:
    await delivered(here, delivery={"auto_merge": True})
    assert (await here.forge.get(1)).status == "merged"


async def test_a_draft_and_one_people_merge_stay_open(here: Scene) -> None:
    head = await delivered(here, ci=FrozenCi(required=("tests",)))
    await tell(here, head, "success")
    await go(here)
    assert (await here.forge.get(1)).status == "created"


async def test_what_people_made_a_draft_is_theirs(here: Scene) -> None:
    ci, wish = FrozenCi(required=("tests",)), {"auto_merge": True}
    head = await delivered(here, ci=ci, delivery=wish)
    await here.forge.change(1, Changes(draft=True))
    await tell(here, head, "success")
    await go(here)
    pull = await here.forge.get(1)
    assert (pull.status, pull.draft) == ("created", True)


async def test_what_was_red_is_told_in_the_one_comment(here: Scene) -> None:
    head = await delivered(here)
    await tell(here, head, "failure")
    await tell(here, head, "success", name="lint")
    await go(here)
    told = await here.forge.comments(1)
    assert f"Of `{head[:10]}`: failure." in told["checks"]
    assert "| `tests` | failure |" in told["checks"]
    await tell(here, head, "success")
    await go(here)
    await go(here)
    told = await here.forge.comments(1)
    assert list(told) == ["checks"]
    assert f"Of `{head[:10]}`: success." in told["checks"]
    assert f"- `{head[:10]}` was red: `tests`" in told["checks"]
    assert f"- `{head[:10]}`: `tests` was red and turned green by itself" in told["checks"]


async def test_of_checks_that_were_simply_green_nothing_is_said(here: Scene) -> None:
    head = await delivered(here)
    await tell(here, head, "success")
    await go(here)
    assert await here.forge.comments(1) == {}
    assert (await here.record())["ciChecks"]["overall"] == "success"
