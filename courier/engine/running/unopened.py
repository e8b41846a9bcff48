"""Opening the pull request of a run: intended on record and claimed first, then opened once."""

from dataclasses import dataclass
from typing import Final

from courier.engine.patience import patiently
from courier.engine.pullrequests.claims import Claims
from courier.engine.running.chronicle import files_of
from courier.engine.world import World
from courier.ports.repository import Identity
from courier.ports.state import Change
from courier.runs.pullrequests.pullrequest import Proposed, PullRequest, unopened
from courier.runs.records.claim import claim_of
from courier.runs.records.writeback import folder
from courier.runs.run.events import WorkDelivered
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run, after

_COURIER: Final = Identity("courier", "courier@localhost")


@dataclass(frozen=True, slots=True)
class Opening:
    """How the pull request of one run is opened.

    Attributes:
        world: Where it is opened, and on record.
        plan: What the run does.
        run: How far it is.
        delivered: What was pushed.
        needed: Whether it is opened although another one has the same files.
    """

    world: World
    plan: FrozenPlan
    run: Run
    delivered: WorkDelivered
    needed: bool = False

    async def carry_out(self, proposed: Proposed) -> PullRequest:
        """Return the pull request, or what is told where another run has one, or is opening one.

        The latter is still being created: ask again after a while.

        Raises:
            CourierError: If the forge declines it.
        """
        return await patiently(self.world.clock, lambda: self._try(proposed))

    async def _try(self, proposed: Proposed) -> PullRequest:
        """Claim it anew before each try: who waits for a forge may have lost it meanwhile."""
        world, claims = self.world, Claims(self.world)
        forge, started_at = self.plan.delivery.forge, self.run.started_at
        record = f"{folder(self.plan.run, started_at)}/run.json" if started_at else ""
        claim = claim_of(proposed, forge=forge, record=record, at=world.clock.now())
        rival = await claims.rival(claim, proposed, besides=self._intent(proposed))
        if rival is not None and not self.needed:
            return rival
        opened = await claims.propose(claim, proposed)
        if rival is None and opened.number and await claims.is_lost(claim, proposed):
            await world.forge_named(forge).close(opened.number, by=_COURIER)
            return await claims.rival(claim, proposed) or opened
        return opened

    def _intent(self, proposed: Proposed) -> list[Change]:
        """Return what says on record that a pull request will be opened elsewhere.

        A proposal in the repository itself is on the same record at the moment it is opened.
        """
        forge = self.plan.delivery.forge
        if forge == "local" or self.run.started_at is None:
            return []
        wanted = unopened(proposed, status="creating", forge=forge, at=self.delivered.at)
        meant = self.delivered.model_copy(update={"pull_request": wanted})
        return files_of(self.plan, after(self.run, meant))
