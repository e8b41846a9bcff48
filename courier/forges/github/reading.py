"""Pull requests as GitHub has them now, and whether people merged them by hand."""

import logging
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from courier.errors import CourierError, NotFound
from courier.forges.github import queries
from courier.forges.github.payloads import pull_of, run_of, with_merge
from courier.forges.github.transport import Transport
from courier.ports.repository import Repository
from courier.runs.pullrequests.pullrequest import PullRequest

log = logging.getLogger(__name__)

PAGES: Final = 20
"""How many pages of fifty a list goes back at most."""

_STATES: Final = {
    None: ["OPEN", "MERGED", "CLOSED"],
    "created": ["OPEN"],
    # A merge by hand is one GitHub does not know of.
    "merged": ["OPEN", "MERGED", "CLOSED"],
    "closed": ["CLOSED"],
}


@dataclass(slots=True)
class Reader:
    """Reads pull requests.

    Attributes:
        transport: The way to GitHub.
        repository: Tells what the branches of a pull request hold, as last fetched.
    """

    transport: Transport
    repository: Repository
    _apart: set[tuple[str, str]] = field(default_factory=set, init=False)

    async def raw(self, numbers: Collection[int]) -> Mapping[int, Mapping[str, Any]]:
        """Return what GitHub tells of pull requests, by number; those there are not are missing."""
        wanted = sorted(number for number in set(numbers) if number > 0)
        found: dict[int, Mapping[str, Any]] = {}
        for start in range(0, len(wanted), queries.AT_ONCE):
            some = wanted[start : start + queries.AT_ONCE]
            told = (await self.transport.query(queries.pulls(some), {}))["repository"]
            if told is None:
                raise NotFound(
                    "GitHub knows no such repository, or lets nobody see it.",
                    detail=f"{self.transport.address.owner}/{self.transport.address.name}",
                )
            found |= {one["number"]: one for one in told.values() if one}
        return found

    async def look(self, numbers: Collection[int]) -> Mapping[int, PullRequest]:
        """Return pull requests as they are now, by number."""
        told = await self.raw(numbers)
        return {number: await self.settled(one) for number, one in told.items()}

    async def get(self, number: int) -> PullRequest:
        """Return one as it is now, its branches included.

        Raises:
            NotFound: If there is none.
        """
        await self.repository.fetch()
        found = await self.look([number])
        if number not in found:
            raise NotFound("There is no such pull request on GitHub.", detail=f"#{number}")
        return found[number]

    async def every(self, status: str | None) -> AsyncIterator[PullRequest]:
        """Yield those of runs, the newest first."""
        await self.repository.fetch()
        after = None
        for _ in range(PAGES):
            values = {"states": _STATES[status], "after": after}
            told = await self.transport.query(queries.LIST, values)
            page = told["repository"]["pullRequests"]
            for one in page["nodes"]:
                # Anybody may write anything into what comes from a fork.
                if run_of(one["body"]) and not one["isCrossRepository"]:
                    yield await self.settled(one)
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return

    async def settled(self, told: Mapping[str, Any]) -> PullRequest:
        """Return a pull request as merged where its base holds its work, whoever brought it there.

        GitHub knows nothing of a squash by hand, and people close what they merged so. It is
        written down on the pull request, which is closed: a later revert changes nothing.
        """
        pull = pull_of(told)
        if pull.status == "merged" or not pull.run:
            return pull
        merge = await self._by_hand(pull)
        if merge is None:
            return pull
        body = {"body": with_merge(told["body"], merge), "state": "closed"}
        try:
            await self.transport.mine("PATCH", f"/pulls/{pull.number}", body=body)
        except CourierError as fault:
            log.warning("that #%d was merged by hand is not on record: %s", pull.number, fault)
        update = {"status": "merged", "merge_commit": merge or None, "auto_merge": None}
        return pull.model_copy(update=update)

    async def _by_hand(self, pull: PullRequest) -> str | None:
        """Return the commit that tells of a merge, or nothing where only the files do; None if
        there is no merge."""
        try:
            tip = (await self.repository.head(pull.base)).commit
            if (pull.head, tip) in self._apart:
                return None
            if await self.repository.find_commit(pull.head) is None:
                return None
            trailers = merge_trailers(pull)
            told = await self.repository.find_trailers(trailers, tip=tip, beyond=pull.head)
            if told is not None or await self.repository.contains(pull.head, tip=tip):
                return told or ""
        except CourierError as fault:
            log.info("whether #%d was merged by hand cannot be seen: %s", pull.number, fault)
            return None
        self._apart.add((pull.head, tip))
        return None


def merge_trailers(pull: PullRequest) -> dict[str, str]:
    """Return the trailers by which a merge of a pull request is known."""
    return {"Courier-Proposal": str(pull.number), "Courier-Run": pull.run}
