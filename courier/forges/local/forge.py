"""The forge of a repository without one: what a proposal's record and its branches say."""

from collections.abc import Sequence
from typing import Any, Final

from courier.errors import Conflict, NotFound
from courier.forges.local.checks import ReportedChecks
from courier.forges.local.proposals import (
    Kept,
    Proposals,
    merge_message,
    merge_trailers,
    person,
)
from courier.ports.clock import Clock
from courier.ports.forges import Proposed
from courier.ports.repository import Identity, Repository
from courier.ports.state import StateBranch
from courier.runs.checks import Check, Checks
from courier.runs.pullrequest import PullRequest

_TRIES: Final = 50


class LocalForge:
    """Proposals of one repository.

    Records are fetched before each look, and branches before merges are looked for or made.
    """

    def __init__(self, *, repository: Repository, state: StateBranch, clock: Clock) -> None:
        self._repository = repository
        self._state = state
        self._clock = clock
        self._proposals = Proposals(state)
        self._checks = ReportedChecks(state, clock)

    async def propose(self, proposed: Proposed) -> PullRequest:
        """Find the open proposal of that branch or open it; brought up to date.

        What was merged or closed at the same head stays so. Status ``skipped`` (and number 0)
        where merging the head would change nothing.

        Raises:
            NotFound: If there is no such base branch.
            Conflict: If other processes kept changing the proposals.
        """
        await self._state.refresh()
        if await self._tip(proposed.base) is None:
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
        pull = kept.pull
        await self._check_mergeable(pull)
        if pull.status == "merged" or await self._is_merged(pull):
            return await self._noticed(kept)
        message = merge_message(pull, by, squash=squash)
        merge_commit = await self._repository.merge(
            pull.head, into=pull.base, message=message, author=by, squash=squash
        )
        decided = {"status": "merged", "merge_commit": merge_commit, "decided_by": person(by)}
        return await self._decide(number, decided, final=("merged",))

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
                return self._opened(proposed, number=0, status="skipped")
            return await self._open(proposed)
        if found.pull.status != "created":
            return found.pull
        update = found.pull.model_copy(update=_proposed_fields(proposed))
        if update != found.pull:
            update = update.model_copy(update={"updated_at": self._clock.now()})
        return update if await self._proposals.replace(found, update) else None

    async def _open(self, proposed: Proposed) -> PullRequest | None:
        number = await self._proposals.next_number()
        pull = self._opened(proposed, number=number, status="created")
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
        """Return the proposal, its record brought up to date with what people did by hand."""
        pull = kept.pull
        if pull.status != "created":
            return pull
        now = pull.model_copy(update={"head": await self._tip(pull.branch) or pull.head})
        if await self._is_merged(now):
            update = {"status": "merged", "merge_commit": await self._merge_commit(now)}
            now = now.model_copy(update=update)
        if now == pull:
            return pull
        now = now.model_copy(update={"updated_at": self._clock.now()})
        if await self._proposals.replace(kept, now):
            return now
        return (await self._proposals.get(pull.number)).pull

    async def _is_merged(self, pull: PullRequest) -> bool:
        base = await self._tip(pull.base)
        if base is None:
            return False
        is_told = await self._merge_commit(pull) is not None
        return is_told or await self._repository.contains(pull.head, tip=base)

    async def _merge_commit(self, pull: PullRequest) -> str | None:
        base = await self._tip(pull.base)
        if base is None:
            return None
        trailers = merge_trailers(pull)
        return await self._repository.find_trailers(trailers, tip=base, beyond=pull.head)

    async def _check_mergeable(self, pull: PullRequest) -> None:
        if pull.status == "closed":
            raise Conflict("The proposal is closed.", detail=f"#{pull.number}")
        head = await self._tip(pull.branch)
        if pull.status == "created" and head not in (None, pull.head):
            raise Conflict(
                "The proposal's branch moved since it was last looked at.",
                detail=f"#{pull.number} was at {pull.head[:12]}, {pull.branch} is at {head}.",
                next_step=f"Look with `courier pr show {pull.number}`, then merge again.",
            )

    async def _decide(
        self, number: int, decided: dict[str, Any], *, final: tuple[str, ...]
    ) -> PullRequest:
        for _ in range(_TRIES):
            kept = await self._proposals.get(number)
            if kept.pull.status in final:
                return kept.pull
            update = {**decided, "updated_at": self._clock.now()}
            pull = kept.pull.model_copy(update=update)
            if await self._proposals.replace(kept, pull):
                return pull
        raise Conflict("The proposal kept changing.", next_step="Try again.")

    async def _tip(self, branch: str) -> str | None:
        try:
            return (await self._repository.head(branch)).commit
        except NotFound:
            return None

    def _opened(self, proposed: Proposed, *, number: int, status: str) -> PullRequest:
        now = self._clock.now()
        own = {"number": number, "status": status, "created_at": now, "updated_at": now}
        return PullRequest.model_validate(
            {**_proposed_fields(proposed), "branch": proposed.branch, **own}
        )


def _proposed_fields(proposed: Proposed) -> dict[str, Any]:
    return {
        "run": proposed.run,
        "title": proposed.title,
        "body": proposed.body,
        "base": proposed.base,
        "head": proposed.head,
        "draft": proposed.draft,
        "labels": proposed.labels,
        "reviewers": proposed.reviewers,
    }
