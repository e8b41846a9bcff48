"""One repository on GitHub as a forge."""

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from courier.errors import Conflict, CourierError, Misconfigured, NotFound
from courier.forges.github import queries
from courier.forges.github.checks import ChecksReader
from courier.forges.github.comments import Comments
from courier.forges.github.faults import GraphQLFault
from courier.forges.github.merging import Merger
from courier.forges.github.pulls import Opener
from courier.forges.github.reading import Reader
from courier.forges.github.together import WINDOW, Together
from courier.forges.github.transport import Transport
from courier.ports.forges import Changes
from courier.ports.repository import Identity, Repository
from courier.runs.pullrequests.checks import Check, Checks
from courier.runs.pullrequests.pullrequest import Proposed, PullRequest, unopened

log = logging.getLogger(__name__)


class GitHubForge:
    """Pull requests of one repository on GitHub; every one of them is known by its run's mark."""

    def __init__(
        self, transport: Transport, repository: Repository, *, window: float = WINDOW
    ) -> None:
        self._transport = transport
        self._repository = repository
        self._reader = Reader(transport, repository)
        self._opener = Opener(transport, self._reader)
        self._merger = Merger(transport)
        self._comments = Comments(transport)
        self._checks = ChecksReader(transport)
        self._followed = Together(self._follow, window=window)

    async def propose(self, proposed: Proposed) -> PullRequest:
        """Find the open pull request of that branch or open it; brought up to date.

        What was merged or closed at the same head stays so. Status ``skipped`` (and number 0)
        where merging the head would change nothing.

        Raises:
            NotFound: If there is no such base branch.
            Conflict: If the branch is not on GitHub.
        """
        told = await self._opener.find(proposed)
        if told is not None and told["state"] != "open":
            return await self._reader.get(told["number"])
        if told is not None:
            await self._opener.brought_up(told, proposed)
        elif await self._is_empty(proposed):
            return self._skipped(proposed)
        else:
            told = await self._opener.open(proposed)
        if told is None:
            return self._skipped(proposed)
        return await self._finished(told, proposed)

    async def get(self, number: int) -> PullRequest:
        """Return one pull request as it is now; notices a merge done by hand.

        Raises:
            NotFound: If there is none.
        """
        return await self._reader.get(number)

    async def look(self, numbers: Collection[int]) -> Mapping[int, PullRequest]:
        """Return pull requests as they are now, by number, with one request for each fifty.

        Merges by hand are seen as of the last fetch.
        """
        return await self._reader.look(numbers) if numbers else {}

    async def list(self, *, status: str | None = None) -> Sequence[PullRequest]:
        """Return the newest thousand pull requests that bear a run's mark, newest first."""
        found = [pull async for pull in self._reader.every(status)]
        return [pull for pull in found if status is None or pull.status == status]

    async def change(self, number: int, changes: Changes) -> PullRequest:
        """Change an open one; what is so already is success.

        Raises:
            NotFound: If there is none, or no such base.
            Conflict: If it is merged or closed.
        """
        await self._repository.fetch()
        raw = await self._raw(number)
        pull = await self._reader.settled(raw)
        if pull.status != "created":
            raise Conflict(f"The pull request is {pull.status}.", detail=f"#{number}")
        if changes.draft is not None and changes.draft != pull.draft:
            await self._mark(raw, draft=changes.draft)
        await self._opener.change(number, changes, run=pull.run)
        await self._opener.label(number, changes.labels, known=pull.labels)
        return await self._reader.get(number)

    async def comment(self, number: int, key: str, body: str) -> None:
        """Say something below it: the one comment of that key, which is replaced next time.

        Raises:
            NotFound: If there is none.
        """
        await self._comments.put(number, key, body)

    async def comments(self, number: int) -> Mapping[str, str]:
        """Return what `comment` said below it, by key.

        Raises:
            NotFound: If there is none.
        """
        return await self._comments.of(number)

    async def merge(self, number: int, *, by: Identity, squash: bool = False) -> PullRequest:
        """Merge it at the head it has now, a draft made ready first; merged already is success.

        Raises:
            NotFound: If there is none.
            Conflict: If it is closed, cannot be merged cleanly, or something blocks it.
        """
        await self._repository.fetch()
        return await self._merged(await self._raw(number), by=by, squash=squash)

    async def merge_when_green(
        self, number: int, *, by: Identity, squash: bool = False
    ) -> PullRequest:
        """Have it merge by itself once nothing blocks it; merged at once where nothing does.

        Raises:
            NotFound: If there is none.
            Conflict: If it is closed, or cannot be merged cleanly.
            Misconfigured: If the repository does not allow that.
        """
        await self._repository.fetch()
        raw = await self._raw(number)
        pull = await self._reader.settled(raw)
        if pull.status == "closed":
            raise Conflict("The pull request is closed.", detail=f"#{number}")
        if pull.status == "merged" or pull.auto_merge is not None:
            return pull
        if await self._merger.when_green(str(raw["id"]), pull, squash=squash):
            return await self._reader.get(number)
        return await self._merged(raw, by=by, squash=squash)

    async def close(self, number: int, *, by: Identity) -> PullRequest:
        """Close it without merging; closed already is success. GitHub tells who holds the token.

        Raises:
            NotFound: If there is none.
            Conflict: If it was merged.
        """
        pull = await self._reader.get(number)
        if pull.status == "merged":
            raise Conflict("The pull request was merged already.", detail=f"#{number}")
        if pull.status == "closed":
            return pull
        log.info("pull request #%d is closed for %s", number, by.name)
        await self._transport.mine("PATCH", f"/pulls/{number}", body={"state": "closed"})
        return await self._reader.get(number)

    async def checks(self, commit: str, *, number: int | None = None) -> Checks:
        """Return what check runs, statuses or workflows say of a commit now."""
        return await self._checks.of(commit, number)

    async def checks_of(self, numbers: Collection[int]) -> Mapping[int, Checks]:
        """Return the checks of the heads of pull requests, with one request for each fifty."""
        return await self._checks.of_heads(numbers) if numbers else {}

    async def checks_at(self, commits: Collection[str]) -> Mapping[str, Checks]:
        """Return the checks of commits, with one request for each fifty."""
        return await self._checks.of_commits(commits)

    async def follow(self, number: int, *, head: str) -> tuple[PullRequest, Checks]:
        """Return a pull request and the checks of a commit; many who ask at once are one request.

        Raises:
            NotFound: If there is none.
        """
        found = await self._followed.of(number)
        if found is None:
            raise NotFound("There is no such pull request on GitHub.", detail=f"#{number}")
        pull, checks = found
        if checks is None or checks.head != head:
            checks = await self._checks.of(head, number)
        return pull, checks

    async def check_log(self, commit: str, check: Check) -> str:
        """Return what a check says of itself, its annotations, and the end of its job's log."""
        return await self._checks.log(commit, check)

    async def close_connections(self) -> None:
        """Let go of what is open."""
        await self._transport.close()

    async def _follow(
        self, numbers: Collection[int]
    ) -> Mapping[int, tuple[PullRequest, Checks | None]]:
        # Merges by hand show in the branches.
        await self._repository.fetch()
        pulls = await self._reader.look(numbers)
        checks = await self._checks.of_heads(numbers)
        return {number: (pull, checks.get(number)) for number, pull in pulls.items()}

    async def _finished(self, told: Mapping[str, Any], proposed: Proposed) -> PullRequest:
        number = int(told["number"])
        await self._opener.dress(number, proposed)
        raw = await self._raw(number)
        if raw["isDraft"] and not proposed.draft:
            await self._mark(raw, draft=False)
        elif not raw["isDraft"] and proposed.draft and raw["state"] == "OPEN":
            await self._mark_if_allowed(raw)
        if proposed.auto_merge and not proposed.draft:
            await self._merge_later(raw, proposed)
        return (await self._reader.look([number]))[number]

    async def _merge_later(self, raw: Mapping[str, Any], proposed: Proposed) -> None:
        """Have it merge by itself; where GitHub requires nothing, only once its checks are green.

        What is not green yet is left to whoever follows its checks.
        """
        by, number = Identity("courier", "courier@localhost"), int(raw["number"])
        try:
            if proposed.after_checks is not None:
                checks = await self._checks.of(proposed.head, number)
                if not checks.lets_merge(proposed.after_checks):
                    pull = await self._reader.settled(raw)
                    if pull.status == "created" and pull.auto_merge is None:
                        await self._merger.when_green(str(raw["id"]), pull, squash=False)
                    return
            await self.merge_when_green(number, by=by)
        except (Conflict, GraphQLFault, Misconfigured) as fault:
            # It is open all the same.
            log.warning("pull request #%d does not merge by itself: %s", number, fault)

    async def _mark(self, raw: Mapping[str, Any], *, draft: bool) -> None:
        text = queries.DRAFT if draft else queries.READY
        await self._transport.query(text, {"id": raw["id"]}, writes=True)

    async def _mark_if_allowed(self, raw: Mapping[str, Any]) -> None:
        try:
            await self._mark(raw, draft=True)
        except GraphQLFault as fault:
            log.warning("pull request #%s cannot be a draft: %s", raw["number"], fault)

    async def _merged(self, raw: Mapping[str, Any], *, by: Identity, squash: bool) -> PullRequest:
        number, pull = int(raw["number"]), await self._reader.settled(raw)
        if pull.status == "merged":
            return pull
        if pull.status == "closed":
            raise Conflict("The pull request is closed.", detail=f"#{number}")
        if pull.draft:
            await self._mark(raw, draft=False)
        try:
            await self._merger.merge(pull, by=by, squash=squash)
        except CourierError:
            # It may have been merged all the same, or by somebody else at that moment.
            now = await self._reader.get(number)
            if now.status != "merged":
                raise
            return now
        return await self._reader.get(number)

    async def _raw(self, number: int) -> Mapping[str, Any]:
        found = await self._reader.raw([number])
        if number not in found:
            raise NotFound("There is no such pull request on GitHub.", detail=f"#{number}")
        return found[number]

    async def _is_empty(self, proposed: Proposed) -> bool:
        try:
            base = await self._repository.head(proposed.base)
        except NotFound:
            await self._repository.fetch()
            base = await self._repository.head(proposed.base)
        return await self._repository.contains(proposed.head, tip=base.commit)

    def _skipped(self, proposed: Proposed) -> PullRequest:
        now = self._transport.clock.now()
        return unopened(proposed, status="skipped", forge="github", at=now)
