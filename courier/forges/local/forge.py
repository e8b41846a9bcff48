"""The forge of a repository without one: what a proposal's record and its branches say."""

import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from courier.errors import Conflict, Misconfigured, MissingSecret, NotFound
from courier.forges.local.branches import Branches, KeyOf, person, unsigned, whoever
from courier.forges.local.checks import ReportedChecks
from courier.forges.local.comments import Comments
from courier.forges.local.opening import opened, refreshed
from courier.forges.local.proposals import Kept, Proposals
from courier.ports.clock import Clock
from courier.ports.forges import Changes
from courier.ports.repository import Identity, Repository
from courier.ports.state import StateBranch
from courier.runs.pullrequests.checks import Check, Checks
from courier.runs.pullrequests.pullrequest import Proposed, PullRequest, unopened

log = logging.getLogger(__name__)

_TRIES: Final = 50


class LocalForge:
    """Proposals of one repository.

    Records are fetched before each look, and branches before merges are looked for or made;
    these are signed with what ``key_of`` gives.
    """

    def __init__(
        self, *, repository: Repository, state: StateBranch, clock: Clock, key_of: KeyOf = unsigned
    ) -> None:
        self._repository = repository
        self._state = state
        self._clock = clock
        self._proposals = Proposals(state)
        self._checks = ReportedChecks(state, clock)
        self._comments = Comments(state, clock)
        self._branches = Branches(repository, key_of)

    async def propose(self, proposed: Proposed) -> PullRequest:
        """Find the open proposal of that branch or open it; brought up to date.

        What was merged or closed at the same head stays so. Status ``skipped`` (and number 0)
        where merging the head would change nothing.

        Raises:
            NotFound: If there is no such base branch.
            Conflict: If other processes kept changing the proposals.
        """
        await self._state.refresh()
        if await self._branches.tip(proposed.base) is None:
            await self._repository.fetch()
        for _ in range(_TRIES):
            pull = await self._proposed(proposed)
            if pull is not None:
                return pull
        raise Conflict("The proposals kept changing.", next_step="Try again.")

    async def get(self, number: int) -> PullRequest:
        """Return one proposal as it is now; notices a merge done by hand.

        Raises:
            NotFound: If there is none.
        """
        await self._look()
        return await self._noticed(await self._proposals.get(number))

    async def look(self, numbers: Collection[int]) -> Mapping[int, PullRequest]:
        """Return proposals as they are now, by number; those there are not are missing."""
        await self._look()
        kept = await self._proposals.some(numbers)
        pulls = [await self._noticed(each) for each in kept]
        return {pull.number: pull for pull in pulls}

    async def list(self, *, status: str | None = None) -> Sequence[PullRequest]:
        """Return all proposals, newest first; notices merges done by hand."""
        await self._look()
        pulls = [await self._noticed(kept) for kept in await self._proposals.all()]
        return [pull for pull in reversed(pulls) if status is None or pull.status == status]

    async def merge(self, number: int, *, by: Identity, squash: bool = False) -> PullRequest:
        """Merge it; merged already is success.

        Raises:
            Conflict: If it is closed, cannot be merged cleanly, or its head moved since it was
                last looked at.
        """
        await self._look()
        kept = await self._proposals.get(number)
        await self._branches.check_mergeable(kept.pull)
        if kept.pull.status == "merged" or await self._branches.is_merged(kept.pull):
            return await self._noticed(kept)
        return await self._merge(kept.pull, by, squash=squash)

    async def merge_when_green(
        self, number: int, *, by: Identity, squash: bool = False
    ) -> PullRequest:
        """Have it merge by itself once nothing blocks it; merged at once where nothing does.

        Raises:
            NotFound: If there is none.
            Conflict: If it is closed, or cannot be merged cleanly.
        """
        how = {"auto_merge": "squash" if squash else "merge", "decided_by": person(by)}
        await self._look()
        pull = await self._decide(number, how, final=("merged", "closed"))
        if pull.status == "closed":
            raise Conflict("The proposal is closed.", detail=f"#{number}")
        return await self._merge_if_green(await self._noticed(await self._proposals.get(number)))

    async def _merge_if_green(self, pull: PullRequest) -> PullRequest:
        if pull.status != "created" or pull.auto_merge is None or pull.draft:
            return pull
        checks = await self._checks.of(pull.head)
        if not checks.lets_merge(pull.after_checks):
            return pull
        by = whoever(pull.decided_by)
        return await self._merge(pull, by, squash=pull.auto_merge == "squash")

    async def _merge(self, pull: PullRequest, by: Identity, *, squash: bool) -> PullRequest:
        merge_commit = await self._branches.merge(pull, by, squash=squash)
        decided = {"status": "merged", "merge_commit": merge_commit, "decided_by": person(by)}
        return await self._decide(pull.number, decided, final=("merged",))

    async def change(self, number: int, changes: Changes) -> PullRequest:
        """Change an open one; what is so already is success.

        Raises:
            NotFound: If there is none, or no such base.
            Conflict: If it is merged or closed.
        """
        told = {name: value for name, value in asdict(changes).items() if value is not None}
        await self._look()
        if changes.labels:
            borne = (await self._proposals.get(number)).pull.labels
            told["labels"] = tuple(dict.fromkeys((*borne, *changes.labels)))
        else:
            del told["labels"]
        if changes.base is not None and await self._branches.tip(changes.base) is None:
            raise NotFound("The repository has no such branch.", detail=changes.base)
        pull = await self._decide(number, told, final=("merged", "closed"))
        if pull.status != "created":
            raise Conflict(f"The proposal is {pull.status}.", detail=f"#{number}")
        return pull

    async def comment(self, number: int, key: str, body: str) -> None:
        """Say something below it: the one comment of that key, which is replaced next time.

        Raises:
            NotFound: If there is none.
            Conflict: If others kept commenting.
        """
        await self._state.refresh()
        await self._proposals.get(number)
        await self._comments.put(number, key, body)

    async def comments(self, number: int) -> Mapping[str, str]:
        """Return what was said below it, by key.

        Raises:
            NotFound: If there is none.
        """
        await self._state.refresh()
        await self._proposals.get(number)
        return await self._comments.of(number)

    async def close(self, number: int, *, by: Identity) -> PullRequest:
        """Close it without merging; closed already is success.

        Raises:
            Conflict: If it was merged.
        """
        pull = await self.get(number)
        if pull.status == "merged":
            raise Conflict("The proposal was merged already.", detail=f"#{number}")
        decided = {"status": "closed", "decided_by": person(by)}
        return await self._decide(number, decided, final=("merged", "closed"))

    async def checks(self, commit: str, *, number: int | None = None) -> Checks:  # noqa: ARG002
        """Return what was reported of a commit, by `courier pr check`."""
        await self._state.refresh()
        return await self._checks.of(commit)

    async def checks_of(self, numbers: Collection[int]) -> Mapping[int, Checks]:
        """Return what was reported of the heads of proposals, by number."""
        pulls = await self.look(numbers)
        return {number: await self._checks.of(pull.head) for number, pull in pulls.items()}

    async def checks_at(self, commits: Collection[str]) -> Mapping[str, Checks]:
        """Return what was reported of commits, by their ids."""
        await self._state.refresh()
        return {commit: await self._checks.of(commit) for commit in commits}

    async def follow(self, number: int, *, head: str) -> tuple[PullRequest, Checks]:
        """Return a proposal as it is now, and what was reported of a commit.

        Raises:
            NotFound: If there is none.
        """
        return await self.get(number), await self.checks(head, number=number)

    async def check_log(self, commit: str, check: Check) -> str:
        """Return what was reported of a check's log; empty if nothing was."""
        return await self._checks.log(commit, check.name)

    async def _look(self) -> None:
        await self._state.refresh()
        await self._repository.fetch()

    async def _proposed(self, proposed: Proposed) -> PullRequest | None:
        """Return the proposal found, brought up to date or opened; None to look again."""
        found = await self._matching(proposed)
        if found is None:
            base = await self._repository.head(proposed.base)
            if await self._repository.contains(proposed.head, tip=base.commit):
                now = self._clock.now()
                return unopened(proposed, status="skipped", forge="local", at=now)
            return await self._open(proposed)
        if found.pull.status != "created":
            return found.pull
        update = refreshed(found.pull, proposed)
        if update != found.pull:
            update = update.model_copy(update={"updated_at": self._clock.now()})
        return update if await self._proposals.replace(found, update) else None

    async def _open(self, proposed: Proposed) -> PullRequest | None:
        number = await self._proposals.next_number()
        pull = opened(proposed, number=number, at=self._clock.now())
        if not await self._proposals.add(pull):
            return None
        # Another process may have opened the same under a lower number meanwhile.
        first = await self._matching(proposed)
        if first is None or first.pull.number >= number:
            return pull
        await self._proposals.drop(number)
        return first.pull

    async def _matching(self, proposed: Proposed) -> Kept | None:
        """Return the proposal this is: open on the branch, else decided at the same head."""
        all_of_branch = [
            kept for kept in await self._proposals.all() if kept.pull.branch == proposed.branch
        ]
        is_open = [kept for kept in all_of_branch if kept.pull.status == "created"]
        decided = [
            kept
            for kept in all_of_branch
            if kept.pull.run == proposed.run and kept.pull.head == proposed.head
        ]
        return next(iter((*is_open, *reversed(decided))), None)

    async def _noticed(self, kept: Kept) -> PullRequest:
        """Return the proposal as it is now, merged by hand or by itself."""
        with suppress(Conflict):
            now = await self._as_people_left_it(kept)
            try:
                return await self._merge_if_green(now)
            except (MissingSecret, Misconfigured) as fault:
                log.warning("proposal #%d does not merge by itself: %s", now.number, fault)
            return now
        return (await self._proposals.get(kept.pull.number)).pull

    async def _as_people_left_it(self, kept: Kept) -> PullRequest:
        pull = kept.pull
        if pull.status != "created":
            return pull
        now = pull.model_copy(update={"head": await self._branches.tip(pull.branch) or pull.head})
        if await self._branches.is_merged(now):
            update = {"status": "merged", "merge_commit": await self._branches.merge_commit(now)}
            now = now.model_copy(update=update)
        if now == pull:
            return pull
        now = now.model_copy(update={"updated_at": self._clock.now()})
        if await self._proposals.replace(kept, now):
            return now
        return (await self._proposals.get(pull.number)).pull

    async def _decide(
        self, number: int, decided: dict[str, Any], *, final: tuple[str, ...]
    ) -> PullRequest:
        for _ in range(_TRIES):
            kept = await self._proposals.get(number)
            if kept.pull.status in final:
                return kept.pull
            pull = kept.pull.model_copy(update=decided)
            if pull == kept.pull:
                return pull
            pull = pull.model_copy(update={"updated_at": self._clock.now()})
            if await self._proposals.replace(kept, pull):
                return pull
        raise Conflict("The proposal kept changing.", next_step="Try again.")
