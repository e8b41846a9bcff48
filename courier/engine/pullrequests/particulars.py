"""What a pull request tells that a run's facts do not hold: looked up when it is opened."""

import asyncio

from courier.engine.patience import patiently
from courier.engine.world import World
from courier.errors import CourierError
from courier.runs.proposal.proposal import Particulars
from courier.runs.pullrequests.stack import Floor, landing, stack_of
from courier.runs.run.frozen import FrozenPlan
from courier.runs.texts.filechange import FileChange


async def particulars(world: World, plan: FrozenPlan, commit: str, *, note: str) -> Particulars:
    """Return what there is to be told; what cannot be found out is left out.

    Args:
        world: Where to look.
        plan: Whose pull request it is.
        commit: The work.
        note: What the pull request says first.
    """
    asked_by, changes, stack = await asyncio.gather(
        _asked_by(world, plan), _changes(world, plan, commit), _stack(world, plan)
    )
    floors, base = stack
    return Particulars(note, asked_by, changes, world.clock.now(), floors, base)


async def _asked_by(world: World, plan: FrozenPlan) -> str:
    if plan.retry is not None:
        return plan.retry.by
    if plan.asked_by or not plan.document:
        return plan.asked_by
    try:
        author = await world.repository.author(plan.document, at=plan.observed_commit)
    except CourierError:
        return ""
    return author.name if author is not None else ""


async def _changes(world: World, plan: FrozenPlan, commit: str) -> tuple[FileChange, ...]:
    try:
        return tuple(await world.repository.changes(plan.git.base_commit, commit))
    except CourierError:
        return ()


async def _stack(world: World, plan: FrozenPlan) -> tuple[tuple[Floor, ...], str]:
    """Return the stack the work is on, and where it goes; a forge is asked only if need be."""
    git = plan.git
    try:
        if git.base_branch == (await world.repository.head()).branch:
            return (), ""
        known = await patiently(world.clock, world.forge_of(plan).list)
    except CourierError:
        return (), ""
    own = Floor(run=plan.run, title=plan.title, branch=git.branch)
    base = landing(git.base_branch, known)
    return stack_of(own, base, known), base
