"""What people ask of runs by command, on record with who and when."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

from courier.engine.inflight import Cancellation
from courier.engine.seam import RunClient
from courier.errors import Conflict, NotFound
from courier.ports.repository import Identity
from courier.ports.state import StateBranch, WriteFile
from courier.runs.writeback import to_json

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One thing somebody asked of a run."""

    action: Literal["cancel"]
    run: str
    by: Identity
    at: datetime
    reason: str

    @property
    def id(self) -> str:
        """Return an id made from what it says, e.g. ``20261121t140305z-cancel-1f2e3d4c``."""
        told = json.dumps([self.action, self.run, self.by.email, self.at.isoformat(), self.reason])
        digest = sha256(told.encode()).hexdigest()[:8]
        return f"{self.at:%Y%m%dt%H%M%Sz}-{self.action}-{digest}"

    @property
    def person(self) -> str:
        """Return who asked, as git writes people."""
        return f"{self.by.name} <{self.by.email}>"


async def cancel(request: Request, *, state: StateBranch, client: RunClient) -> bool:
    """Put the request on record and ask the run to stop; return whether it is new to the run.

    A run in flight on another machine stops when that machine reads the request.

    Raises:
        Conflict: If the run has ended here already.
    """
    found = await client.status(request.run)
    if found is not None and found.phase.ended:
        raise Conflict(f"Run {request.run} has ended already: {found.phase}.")
    value = {
        "action": request.action,
        "run": request.run,
        "by": request.person,
        "at": request.at.isoformat(),
        "reason": request.reason,
    }
    change = WriteFile(f"requests/{request.id}.json", to_json(value))
    await state.write([change], message=f"{request.action}: {request.run}")
    try:
        return await client.cancel(request.run, by=request.person, reason=request.reason)
    except NotFound:
        return False


class Requests:
    """The requests on record, for whichever machine has the run; each is read once."""

    def __init__(self, state: StateBranch) -> None:
        self._state = state
        self._read: set[str] = set()
        self._cancels: dict[str, Cancellation] = {}

    async def cancel_of(self, run: str) -> Cancellation | None:
        """Return who asked for a run to stop, and why; None if nobody did."""
        paths = [path for path in await self._state.paths("requests") if path not in self._read]
        for path, content in (await self._state.read(paths)).items():
            try:
                told = json.loads(content)
                if told["action"] == "cancel":
                    self._cancels[told["run"]] = Cancellation(str(told["by"]), str(told["reason"]))
            except (ValueError, KeyError, TypeError) as error:
                log.warning("%s on the state branch cannot be read: %r", path, error)
        self._read.update(paths)
        return self._cancels.get(run)
