"""A person's yes or no to proposed learnings: on record with who and when, then done."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

from courier.engine.learnings.memory import Memory
from courier.engine.learnings.proposing import Proposing, rejection
from courier.engine.world import World
from courier.errors import Conflict, Unavailable
from courier.planning.learned.batch import Batch, Rejected
from courier.ports.repository import Identity
from courier.ports.state import Change, WriteFile
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.records.writeback import to_json


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody says of learnings that an open pull request proposes.

    Attributes:
        names: The learnings.
        at: When, in UTC, cut to the second.
    """

    action: Literal["approve", "reject"]
    names: tuple[str, ...]
    by: Identity
    at: datetime
    reason: str = ""

    @property
    def person(self) -> str:
        """Return who, as git writes people."""
        return f"{self.by.name} <{self.by.email}>"

    @property
    def file(self) -> WriteFile:
        """Return the request that keeps it."""
        told = {
            "action": f"{self.action}Learnings",
            "learnings": list(self.names),
            "by": self.person,
            "at": self.at.isoformat(),
            "reason": self.reason,
        }
        digest = sha256(json.dumps(told).encode()).hexdigest()[:8]
        name = f"{self.at:%Y%m%dt%H%M%Sz}-{self.action}-learnings-{digest}"
        return WriteFile(f"requests/{name}.json", to_json(told))


class Deciding:
    """Merges what is wanted, and takes out what is not."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._memory = Memory(world.state)
        self._proposing = Proposing(world, self._memory)

    async def batch_of(self, names: Collection[str]) -> Batch | None:
        """Return the open batch that proposes any of some learnings."""
        batch = await self._batch_of(names)
        if batch is not None and batch.unpublished:
            # What is not in the pull request yet could not be decided about there.
            await self._proposing.carry_out()
            batch = await self._batch_of(names)
        return batch

    async def _batch_of(self, names: Collection[str]) -> Batch | None:
        await self._world.state.refresh()
        batches = (await self._memory.batches()).values()
        return next((one for one in batches if {*names} & {*_names(one)}), None)

    async def approve(self, batch: Batch, decision: Decision) -> PullRequest:
        """Merge the pull request.

        Raises:
            Conflict: If it proposes others too, or cannot be merged cleanly.
            Unavailable: If it is not open yet.
        """
        others = [name for name in _names(batch) if name not in decision.names]
        if others:
            raise Conflict(
                "The pull request proposes other learnings too.",
                detail=", ".join(others),
                next_step="Name them as well, or `courier learnings reject` them first.",
            )
        if batch.number is None:
            raise Unavailable("The pull request is not open yet.", detail=batch.branch)
        await self._world.state.write([decision.file], message=f"approve: {batch.project}")
        forge = self._world.forges[batch.forge]
        pull = await forge.merge(batch.number, by=decision.by, squash=True)
        await self._proposing.carry_out()
        return pull

    async def reject(self, batch: Batch, decision: Decision) -> None:
        """Take learnings out of the pull request, which is closed where none is left."""
        gone = [one for one in batch.learnings if one.lesson.name in decision.names]
        stay = tuple(one for one in batch.learnings if one.lesson.name not in decision.names)
        paths = tuple(one.lesson.path for one in gone)
        told = batch.model_copy(update={"learnings": stay, "withdrawn": (*batch.withdrawn, *paths)})
        remembered: list[Change] = [
            rejection(
                Rejected(
                    lesson=one.lesson,
                    by=decision.person,
                    at=decision.at,
                    number=batch.number,
                    reason=decision.reason,
                )
            )
            for one in gone
        ]
        changes = [decision.file, *remembered]
        if not await self._memory.keep(told, changes, message=f"reject: {batch.project}"):
            raise Conflict(
                "Somebody else changed what is proposed just now.", next_step="Try again."
            )
        await self._world.repository.fetch()
        await self._proposing.carry_out()


def _names(batch: Batch) -> list[str]:
    return [one.name for one in batch.lessons]
