"""Pull requests that could not be opened when their runs ended: tried again, asking no agent."""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from courier.engine.pullrequests.claims import Claims
from courier.engine.world import World
from courier.errors import CourierError, NotFound
from courier.planning.observed.listed import ListedRun
from courier.ports.state import WriteFile
from courier.runs.pullrequests.pullrequest import PullRequest, proposed_by
from courier.runs.records.claim import claim_of
from courier.runs.records.writeback import to_json

log = logging.getLogger(__name__)

EVERY: Final = timedelta(minutes=5)
"""How often a forge that refused is asked again."""

DECLINED: Final = "ProposalDeclined"
"""The reason of a run whose work is pushed, and whose pull request the forge refused."""


class Reproposer:
    """Opens what could not be opened."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._due: datetime | None = None

    async def try_again(self, left: Mapping[str, int]) -> Sequence[str]:
        """Return the runs whose pull requests are open now; most calls cost nothing.

        Args:
            left: How many may be opened, by project; of others any number.
        """
        now = self._world.clock.now()
        if self._due is not None and now < self._due:
            return ()
        waiting, room, opened = self._world.index.unproposed(), dict(left), list[str]()
        for listed in sorted(waiting, key=lambda one: one.started_at, reverse=True):
            run, project = listed.observed.run, listed.observed.project
            if room.get(project, 1) <= 0:
                # Asked for as soon as a pass finds room.
                continue
            self._due = now + EVERY
            try:
                if await self._propose(listed):
                    opened.append(run)
                    room[project] = room.get(project, len(waiting)) - 1
            except CourierError as fault:
                log.warning("run %s still has no pull request: %s", run, fault)
        return opened

    async def _propose(self, listed: ListedRun) -> bool:
        state = self._world.state
        record = json.loads((await state.read([listed.place])).get(listed.place) or b"{}")
        pull = _failed(record)
        if pull is None or not await self._is_there(pull):
            return False
        now = await self._opened(pull, listed.place)
        if now.status == "creating":
            return False
        record["pullRequest"] = now.model_dump(mode="json", by_alias=True)
        if record.get("reason") == DECLINED:
            told = "Its pull request was opened later."
            if now.status != "created":
                told = now.reason or f"Its pull request is {now.status}."
            record |= {"phase": "completed", "reason": "Completed", "message": told}
        change = WriteFile(listed.place, to_json(record))
        await state.write([change], message=f"pull request {now.status}: {pull.run}")
        return now.status == "created"

    async def _opened(self, pull: PullRequest, record: str) -> PullRequest:
        """Return the pull request, or what is told where another one has the same files."""
        proposed, at = proposed_by(pull), self._world.clock.now()
        claim = claim_of(proposed, forge=pull.forge, record=record, at=at)
        claims = Claims(self._world)
        return await claims.rival(claim, proposed) or await claims.propose(claim, proposed)

    async def _is_there(self, pull: PullRequest) -> bool:
        """Return whether its branch is still as its run left it."""
        try:
            return (await self._world.repository.head(pull.branch)).commit == pull.head
        except NotFound:
            return False


def _failed(record: dict[str, Any]) -> PullRequest | None:
    try:
        pull = PullRequest.model_validate(record.get("pullRequest"), strict=False)
    except ValidationError:
        return None
    return pull if pull.status == "failed" else None
