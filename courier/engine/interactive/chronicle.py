"""Writing what is true of a sandbox to the state branch, while it lives and when it is gone."""

from datetime import timedelta

from courier.engine.patience import patiently
from courier.engine.seam import Json
from courier.engine.world import World
from courier.errors import CourierError
from courier.ports.state import AppendLine, WriteFile
from courier.runs.interactive.account import account, charges_of, path_of
from courier.runs.interactive.frozen import SandboxPlan
from courier.runs.interactive.live import LiveSandbox
from courier.runs.records.writeback import to_json

PATIENCE = timedelta(seconds=30)
"""How long an account in between is tried; the next one tells the same and more."""


class Chronicle:
    """Writes accounts; doing it twice is the same as once."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def write(self, plan: SandboxPlan, live: LiveSandbox) -> Json:
        """Write how far it is.

        Raises:
            CourierError: If the remote does not take it in time.
        """
        await patiently(self._world.clock, lambda: self._put(plan, live), give_up_after=PATIENCE)
        return None

    async def end(self, plan: SandboxPlan, live: LiveSandbox) -> Json:
        """Write the last account and what everything used, however long it takes."""
        # A remote that declines today may be mended; what was used must get on record.
        await patiently(self._world.clock, lambda: self._put(plan, live), waits_for=CourierError)
        return None

    async def _put(self, plan: SandboxPlan, live: LiveSandbox) -> None:
        account_file = WriteFile(path_of(plan.name), to_json(account(plan, live)))
        used = [AppendLine(one.path, one.to_line(), key=one.key) for one in charges_of(plan, live)]
        message = f"{live.state}: sandbox {plan.name}"
        await self._world.state.write([account_file, *used], message=message)
