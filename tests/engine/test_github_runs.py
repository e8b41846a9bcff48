"""A whole run on either forge: delivered once, followed, and settled as people decide."""

from dataclasses import replace

import pytest

from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.planning.plan import PublishRun
from courier.ports.repository import Identity
from tests.engine.worlds import Scene, git, single_plan
from tests.fakes.github import Fault
from tests.fakes.github.faults import How
from tests.fakes.github.hosting import Hosting

pytestmark = pytest.mark.slow
ADA = Identity("Ada", "ada@example.com")


@pytest.fixture
def hosting(each_forge: Hosting | None) -> Hosting | None:
    return each_forge


async def statuses(here: Scene) -> dict[str, str]:
    """What a pass sees of open pull requests."""
    await here.world.repository.fetch()
    observation = Observation(here.world, here.engine, remote=here.remote)
    observed = await observation.look(await here.world.repository.head())
    return dict(observed.pull_requests)


async def published(here: Scene, status: str) -> dict[str, object]:
    """The record after a pass has published that status."""
    observation = Observation(here.world, here.engine, remote=here.remote)
    dispatcher = Dispatcher(here.world, here.engine, observation, keep_to=lambda _limits: None)
    await dispatcher._publish(PublishRun(run="fix", reason="", pull_request_status=status))
    pull: dict[str, object] = (await here.record())["pullRequest"]
    return pull


async def test_work_is_proposed_once_and_the_record_says_where(here: Scene) -> None:
    await here.run(single_plan(here, "echo done > value"))
    (pull,) = await here.forge.list()
    assert (pull.run, pull.status, pull.branch, pull.forge) == (
        "fix",
        "created",
        "courier/fix",
        here.forge_name,
    )
    assert pull.head == here.tip("courier/fix")
    told = (await here.record())["pullRequest"]
    assert (told["number"], told["forge"]) == (pull.number, here.forge_name)
    assert bool(told["url"]) == (here.hosting is not None)
    assert await statuses(here) == {"fix": "created"}


async def test_a_merge_on_the_forge_is_seen_and_put_on_record(here: Scene) -> None:
    await here.run(single_plan(here, "echo done > value"))
    (pull,) = await here.forge.list()
    merged = await here.forge.merge(pull.number, by=ADA, squash=True)
    assert git(here.origin, "show", "main:value") == "done"
    assert await statuses(here) == {"fix": "merged"}
    told = await published(here, "merged")
    assert (told["status"], told["mergeCommit"]) == ("merged", merged.merge_commit)
    assert await statuses(here) == {}


async def test_a_branch_that_somebody_deleted_and_one_that_was_closed(here: Scene) -> None:
    for run in ("fix", "other"):
        await here.run(single_plan(here, f"echo {run} > value", run=run))
    numbers = {one.run: one.number for one in await here.forge.list()}
    await here.forge.close(numbers["other"], by=ADA)
    git(here.origin, "branch", "-D", "courier/fix")
    # GitHub closes what has no branch any more; a proposal of our own knows its commit.
    alone = "closed" if here.hosting is not None else "created"
    assert await statuses(here) == {"fix": alone, "other": "closed"}


async def test_a_branch_that_a_person_pushed_by_force_is_followed(here: Scene) -> None:
    await here.run(single_plan(here, "echo done > value"))
    moved = git(here.origin, "commit-tree", "courier/fix^{tree}", "-p", "main", "-m", "Mine")
    git(here.origin, "update-ref", "refs/heads/courier/fix", moved)
    assert await statuses(here) == {"fix": "created"}
    (pull,) = await here.forge.list()
    assert pull.head == moved


async def test_a_squash_by_hand_counts_as_merged_and_a_revert_changes_nothing(
    here: Scene,
) -> None:
    await here.run(single_plan(here, "echo done > value"))
    base = here.base
    squash = git(here.origin, "commit-tree", "courier/fix^{tree}", "-p", base, "-m", "Mine")
    git(here.origin, "update-ref", "refs/heads/main", squash)
    assert await statuses(here) == {"fix": "merged"}
    back = git(here.origin, "commit-tree", f"{base}^{{tree}}", "-p", squash, "-m", "Back")
    git(here.origin, "update-ref", "refs/heads/main", back)
    assert await statuses(here) == {"fix": "merged"}


async def test_answers_that_are_lost_make_no_second_pull_request(here: Scene) -> None:
    if here.hosting is None:
        pytest.skip("nothing is lost on the way to one's own branch")
    fault = Fault("502", when="after", match="POST /api/v3/repos/acme/demo/pulls")
    here.hosting.hub.faults = [fault, replace(fault, how="drop")]
    await here.run(single_plan(here, "echo done > value"))
    (pull,) = await here.forge.list()
    assert (await here.record())["pullRequest"]["number"] == pull.number == 1
    assert len(here.hosting.repo.pulls) == 1


@pytest.mark.parametrize("how", ["secondary", "primary", "429"])
async def test_who_is_told_to_wait_waits_and_opens_one(here: Scene, how: How) -> None:
    if here.hosting is None:
        pytest.skip("nobody else sets limits")
    limited = Fault(how, match="POST /api/v3/repos/acme/demo/pulls")
    here.hosting.hub.faults = [limited]
    state = await here.run(single_plan(here, "echo done > value"))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert not limited.times
    assert (await here.record())["pullRequest"]["status"] == "created"
    assert len(here.hosting.repo.pulls) == 1
