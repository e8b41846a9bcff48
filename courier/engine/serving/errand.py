"""One pass on a person's behalf: with an engine of its own, or by the one that runs already."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from courier.engine.inflight import Phase
from courier.engine.journal.lock import FolderHeld
from courier.engine.notices.herald import sinks_of
from courier.engine.notices.mailing import FLOW as LETTER
from courier.engine.passes.reconciler import Reconciler, Result
from courier.engine.running.runner import FLOW
from courier.engine.seam import Engine, RunClient
from courier.engine.serving.presence import Presence
from courier.errors import CourierError, InvalidCatalog, StalePlan
from courier.planning.plan import Plan
from courier.planning.stale import stale_because
from courier.ports.clock import Clock

LETTERS_SECONDS = 15.0
"""How long an errand stays for letters that are on their way; the next process goes on."""

LETTERS_LOOK_SECONDS = 0.05

SUCCESSION_SECONDS = 1.0
"""How often is looked whether the other engine still runs."""


class Errand:
    """One pass and the runs that come of it.

    Args:
        engine: Started if no other engine runs.
        client: Asks the other engine.
        reconciler: Makes the reconciler that hands runs to either.
        clock: Waits.
        presence: Knows of other engines.
    """

    def __init__(
        self,
        engine: Engine,
        client: RunClient,
        reconciler: Callable[[RunClient], Reconciler],
        *,
        clock: Clock,
        presence: Presence,
    ) -> None:
        self._engine = engine
        self._client = client
        self._reconciler = reconciler
        self._clock = clock
        self._presence = presence
        self._is_engine = False

    @property
    def other(self) -> str | None:
        """Return who runs the runs already, or None."""
        return None if self._is_engine else self._presence.other()

    @asynccontextmanager
    async def attended(self) -> AsyncIterator[None]:
        """See to it that an engine runs: ours, or another, or ours once that has stopped.

        Leaves runs as they are at the end, for the next engine.
        """
        await self._take()
        succession = asyncio.create_task(self._succeed())
        try:
            yield
        finally:
            succession.cancel()
            await asyncio.gather(succession, return_exceptions=True)
            await self._engine.stop()

    async def carry_out(self, saved: Plan | None = None) -> Result:
        """Do one pass over the tracked branch.

        Args:
            saved: A plan somebody agreed to; nothing else is done.

        Raises:
            InvalidCatalog: If the documents have errors.
            StalePlan: If the saved plan is not what would be decided now.
        """
        reconciler = self._reconciler(self._engine if self._is_engine else self._client)
        if saved is not None:
            _refuse_stale(saved, await reconciler.require_plan())
        result = await reconciler.reconcile()
        if result.plan is None:
            raise InvalidCatalog(result.diagnostics)
        return result

    async def announce(self, result: Result) -> None:
        """Tell people what came of it, and stay a while until they have been told."""
        client = self._engine if self._is_engine else self._client
        reconciler = self._reconciler(client)
        if self._is_engine and result.catalog is not None and sinks_of(result.catalog):
            # What the last runs cost may have used a budget up.
            with suppress(CourierError):
                result = replace(result, plan=await reconciler.require_plan())
        await reconciler.announce(result)
        start = self._clock.monotonic()
        while self._is_engine and self._clock.monotonic() - start < LETTERS_SECONDS:
            letters = [one for one in await client.list(live=True) if one.flow == LETTER]
            if all(one.phase is Phase.WAITING for one in letters):
                return
            await self._clock.sleep(LETTERS_LOOK_SECONDS)

    async def in_flight(self) -> Sequence[str]:
        """Return the runs that have not ended, the first submitted first."""
        live = reversed(await self._client.list(live=True))
        return [state.run_id for state in live if state.flow == FLOW]

    async def _take(self) -> None:
        if self._presence.other() is not None:
            return
        try:
            await self._engine.start()
        except FolderHeld:
            return
        self._is_engine = True

    async def _succeed(self) -> None:
        while not self._is_engine:
            await self._clock.sleep(SUCCESSION_SECONDS)
            await self._take()


def _refuse_stale(saved: Plan, fresh: Plan) -> None:
    if reasons := stale_because(saved, fresh):
        raise StalePlan(
            "The plan no longer fits.",
            detail="Since it was saved: " + "; ".join(reasons) + ".",
            next_step="Make a new one with `courier plan --out FILE`, and look at it.",
        )
