"""What people ask of runs by command, on record with who and when."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

from courier.engine.inflight import Cancellation
from courier.engine.seam import RunClient
from courier.errors import Conflict, NotFound
from courier.ports.repository import Identity
from courier.ports.state import StateBranch, WriteFile
from courier.runs.records.writeback import to_json

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One thing somebody asked of a run.

    Attributes:
        reason: Why; for an approval what was remarked.
        user: The name the person goes by in the Team, where it was told.
        approval: The place an answer is about; the next two say about what there.
        tree: The tree it is about.
        words: The digest of the words it is about; None where they have no part in it.
        name: What the run that does it again is called; only of a retry, as the next.
        step: The step that one begins with; empty for where the run ended.
    """

    action: Literal["cancel", "approve", "reject", "retry"]
    run: str
    by: Identity
    at: datetime
    reason: str
    user: str = ""
    approval: str = ""
    tree: str = ""
    words: str | None = None
    name: str = ""
    step: str = ""

    @property
    def id(self) -> str:
        """Return an id made from what it says, e.g. ``20261121t140305z-cancel-1f2e3d4c``."""
        told = [self.action, self.run, self.by.email, self.at.isoformat(), self.reason]
        if self.action == "retry":
            told += [self.name, self.step]
        elif self.action != "cancel":
            told += [self.approval, self.tree, self.words or ""]
        digest = sha256(json.dumps(told).encode()).hexdigest()[:8]
        return f"{self.at:%Y%m%dt%H%M%Sz}-{self.action}-{digest}"

    @property
    def person(self) -> str:
        """Return who asked, as git writes people."""
        return f"{self.by.name} <{self.by.email}>"


async def put_on_record(request: Request, *, state: StateBranch) -> None:
    """Write a request down where every machine that may have the run reads it."""
    value: dict[str, object] = {
        "action": request.action,
        "run": request.run,
        "by": request.person,
        "at": request.at.isoformat(),
        "reason": request.reason,
    }
    if request.action == "retry":
        value |= {"name": request.name, "step": request.step or None}
    elif request.action != "cancel":
        value |= {"user": request.user or None, "approval": request.approval}
        value |= {"tree": request.tree, "words": request.words}
    change = WriteFile(f"requests/{request.id}.json", to_json(value))
    await state.write([change], message=f"{request.action}: {request.run}")


async def cancel(request: Request, *, state: StateBranch, client: RunClient) -> bool:
    """Put the request on record and ask the run to stop; return whether it is new to the run.

    A run in flight on another machine stops when that machine reads the request.

    Raises:
        Conflict: If the run has ended here already.
    """
    found = await client.status(request.run)
    if found is not None and found.phase.ended:
        raise Conflict(f"Run {request.run} has ended already: {found.phase}.")
    await put_on_record(request, state=state)
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
        self._answers: dict[str, list[Request]] = {}
        self._retries: dict[str, Request] = {}

    async def cancel_of(self, run: str) -> Cancellation | None:
        """Return who asked for a run to stop, and why; None if nobody did."""
        await self._look()
        return self._cancels.get(run)

    async def answers_to(self, run: str) -> Sequence[Request]:
        """Return every approval and rejection of a run, the first first."""
        await self._look()
        return sorted(self._answers.get(run, ()), key=lambda request: request.at)

    async def retries(self) -> Mapping[str, Request]:
        """Return what was asked to be done again, by what it is called; the first word counts."""
        await self._look()
        return self._retries

    async def _look(self) -> None:
        paths = [path for path in await self._state.paths("requests") if path not in self._read]
        for path, content in sorted((await self._state.read(paths)).items()):
            try:
                self._take(json.loads(content))
            except (ValueError, KeyError, TypeError) as error:
                log.warning("%s on the state branch cannot be read: %r", path, error)
        self._read.update(paths)

    def _take(self, told: dict[str, object]) -> None:
        if told["action"] == "cancel":
            self._cancels[str(told["run"])] = Cancellation(str(told["by"]), str(told["reason"]))
        elif told["action"] in ("approve", "reject"):
            request = _answer(told)
            self._answers.setdefault(request.run, []).append(request)
        elif told["action"] == "retry":
            request = _retry(told)
            self._retries.setdefault(request.name, request)


def _retry(told: dict[str, object]) -> Request:
    by, at = _who_and_when(told)
    return Request(
        action="retry",
        run=str(told["run"]),
        by=by,
        at=at,
        reason=str(told.get("reason") or ""),
        name=str(told["name"]),
        step=str(told.get("step") or ""),
    )


def _who_and_when(told: dict[str, object]) -> tuple[Identity, datetime]:
    name, _, email = str(told["by"]).rpartition(" <")
    at = datetime.fromisoformat(str(told["at"]))
    if at.tzinfo is None:
        raise ValueError("its time has no zone")
    return Identity(name, email.removesuffix(">")), at


def _answer(told: dict[str, object]) -> Request:
    by, at = _who_and_when(told)
    words = told.get("words")
    return Request(
        action="approve" if told["action"] == "approve" else "reject",
        run=str(told["run"]),
        by=by,
        at=at,
        reason=str(told.get("reason") or ""),
        user=str(told.get("user") or ""),
        approval=str(told["approval"]),
        tree=str(told["tree"]),
        words=words if isinstance(words, str) else None,
    )
