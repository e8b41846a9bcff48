"""What interrupted attempts had done, as far as it was saved: found, and made ready to go on."""

import logging

from courier.engine.attempts.lease import OPEN_PATIENCE
from courier.engine.patience import patiently
from courier.engine.world import World
from courier.errors import CourierError
from courier.ports.repository import Identity
from courier.runs.run.events import Checkpoint
from courier.runs.run.frozen import FrozenPlan
from courier.runs.steps.progress import StartAttempt

log = logging.getLogger(__name__)


async def last_checkpoint(world: World, run: str, attempt: str) -> Checkpoint | None:
    """Return an attempt's last checkpoint as it is on the remote; None if none can be found."""
    refs = world.checkpoints
    try:
        return await patiently(
            world.clock, lambda: refs.newest(run, attempt), give_up_after=OPEN_PATIENCE
        )
    except CourierError as error:
        log.warning("run %s cannot look for checkpoints of %s: %s", run, attempt, error)
        return None


async def earlier_work(world: World, plan: FrozenPlan, start: StartAttempt) -> str | None:
    """Return a commit of what an attempt goes on from, with its base for parent; None if nothing.

    What cannot be found any more is done without: it costs the work, not the run.
    """
    earlier, git = start.resume, plan.git
    if earlier is None:
        return None
    if await world.repository.find_commit(earlier.commit) is None:
        # Another machine saved it.
        await last_checkpoint(world, plan.run, earlier.attempt)
    author = Identity(git.author_name, git.author_email)
    try:
        return await world.repository.squash(
            earlier.commit, onto=start.base, message="Earlier work", author=author
        )
    except CourierError as lost:
        log.warning("run %s begins again without %s: %s", plan.run, earlier.commit, lost)
        return None
