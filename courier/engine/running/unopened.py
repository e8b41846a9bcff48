"""Pull requests before they are open: intended, on record first, or not needed at all."""

from datetime import datetime

from courier.engine.patience import patiently
from courier.engine.running.chronicle import files_of
from courier.engine.world import World
from courier.errors import CourierError
from courier.ports.forges import Proposed
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.run.events import WorkDelivered
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run, after


def unopened(proposed: Proposed, plan: FrozenPlan, *, at: datetime) -> PullRequest:
    """Return a pull request as it is meant to be, with no number yet."""
    return PullRequest(
        number=0,
        run=proposed.run,
        status="creating",
        title=proposed.title,
        body=proposed.body,
        base=proposed.base,
        branch=proposed.branch,
        head=proposed.head,
        draft=proposed.draft,
        labels=proposed.labels,
        reviewers=proposed.reviewers,
        forge=plan.delivery.forge,
        auto_merge="merge" if proposed.auto_merge else None,
        created_at=at,
        updated_at=at,
    )


async def intend(
    world: World, plan: FrozenPlan, run: Run, delivered: WorkDelivered, wanted: PullRequest
) -> None:
    """Put on record that a pull request will be opened elsewhere, before it is.

    A proposal in the repository itself is on the same record at the moment it is opened.
    """
    if plan.delivery.forge == "local" or run.started_at is None:
        return
    meant = after(run, delivered.model_copy(update={"pull_request": wanted}))
    changes = files_of(plan, meant)
    told = f"creating pull request: {plan.run}"
    await patiently(world.clock, lambda: world.state.write(changes, message=told))


async def twin_of(world: World, plan: FrozenPlan, proposed: Proposed) -> PullRequest | None:
    """Return what is told where an open pull request of another run has exactly the same files.

    As far as records tell: of two that are opened at the same moment both are.
    """
    at = world.clock.now()
    for listed in world.index.proposed():
        other = listed.observed
        is_alike = (other.base, other.forge) == (proposed.base, plan.delivery.forge)
        if not is_alike or other.run == plan.run or other.commit is None:
            continue
        try:
            if await _differ(world, other.commit, proposed.head):
                continue
        except CourierError:
            continue
        why = f"Pull request #{other.number} of run {other.run} has exactly the same files."
        wanted = unopened(proposed, plan, at=at)
        same = {"status": "skipped", "number": other.number or 0, "reason": why}
        return wanted.model_copy(update=same)
    return None


async def _differ(world: World, one: str, other: str) -> bool:
    repository = world.repository
    return await repository.tree(one) != await repository.tree(other)
