"""The forge without a service: proposals are files on the state branch, work is branches."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from courier.errors import Conflict, Misconfigured, NotFound
from courier.ports.clock import Clock
from courier.ports.forges import Proposed
from courier.ports.repository import Identity, Repository
from courier.ports.state import DeleteFile, StateBranch, SwapFile
from courier.runs.pullrequest import PullRequest

_FOLDER: Final = "proposals"
_TRIES: Final = 50


@dataclass(frozen=True, slots=True)
class _Kept:
    """A proposal with the bytes it was read from, so that it is replaced only if unchanged."""

    pull: PullRequest
    content: bytes


class LocalForge:
    """Proposals of one repository. The repository's branches are fetched before each look."""

    def __init__(self, *, repository: Repository, state: StateBranch, clock: Clock) -> None:
        self._repository = repository
        self._state = state
        self._clock = clock

    async def propose(self, proposed: Proposed) -> PullRequest:
        """Find the open proposal of that branch or open it; brought up to date.

        What was merged or closed at the same head stays so. Status ``skipped`` (and number 0)
        where merging the head would change nothing.

        Raises:
            NotFound: If there is no such base branch.
        """
        await self._state.refresh()
        await self._repository.fetch()
        for _ in range(_TRIES):
            found = await self._matching(proposed)
            if found is None:
                if await self._is_empty(proposed):
                    return self._opened(proposed, number=0, status="skipped")
                opened = await self._open(proposed)
            elif found.pull.status != "created":
                return found.pull
            else:
                opened = await self._replace(found, self._updated(found.pull, proposed))
            if opened is not None:
                return opened
        raise Conflict("The proposals kept changing.", next_step="Try again.")

    async def get(self, number: int) -> PullRequest:
        """Return one proposal as it is now; notices a merge done by hand.

        Raises:
            NotFound: If there is none.
        """
        await self._state.refresh()
        await self._repository.fetch()
        return await self._noticed(await self._kept(number))

    async def list(self, *, status: str | None = None) -> Sequence[PullRequest]:
        """Return all proposals, newest first; notices merges done by hand."""
        await self._state.refresh()
        await self._repository.fetch()
        pulls = [await self._noticed(kept) for kept in await self._all()]
        return [pull for pull in reversed(pulls) if status is None or pull.status == status]

    async def merge(self, number: int, *, by: Identity, squash: bool = False) -> PullRequest:
        """Merge it; merged already is success.

        Raises:
            Conflict: If it is closed, cannot be merged cleanly, or its head moved since it was
                last looked at.
        """
        await self._state.refresh()
        await self._repository.fetch()
        kept = await self._kept(number)
        pull = kept.pull
        await self._check_mergeable(pull)
        if pull.status == "merged" or await self._is_merged(pull):
            return await self._noticed(kept)
        tip = await self._repository.merge(
            pull.head,
            into=pull.base,
            message=_message(pull, by, squash=squash),
            author=by,
            squash=squash,
        )
        decided = {"status": "merged", "merge_commit": tip, "decided_by": _person(by)}
        return await self._decide(number, decided)

    async def close(self, number: int, *, by: Identity) -> PullRequest:
        """Close it without merging; closed already is success.

        Raises:
            Conflict: If it was merged.
        """
        pull = await self.get(number)
        if pull.status == "merged":
            raise Conflict("The proposal was merged already.", detail=f"#{number}")
        return await self._decide(number, {"status": "closed", "decided_by": _person(by)})

    async def _open(self, proposed: Proposed) -> PullRequest | None:
        """Return the proposal opened under the next free number, or None to look again."""
        numbers = await self._numbers()
        pull = self._opened(proposed, number=max(numbers, default=0) + 1, status="created")
        content = _content(pull)
        path = _path(pull.number)
        await self._state.write([SwapFile(path, content)], message=f"Open proposal {pull.number}")
        if (await self._state.read([path])).get(path) != content:
            return None
        # Another process may have opened the same under a lower number meanwhile.
        first = await self._matching(proposed)
        if first is None or first.pull.number >= pull.number:
            return pull
        await self._state.write([DeleteFile(path)], message=f"Drop proposal {pull.number}")
        return first.pull

    async def _matching(self, proposed: Proposed) -> _Kept | None:
        """Return the proposal this is: open on the branch, else decided at the same head."""
        of_branch = [kept for kept in await self._all() if kept.pull.branch == proposed.branch]
        is_open = [kept for kept in of_branch if kept.pull.status == "created"]
        decided = [
            kept
            for kept in of_branch
            if kept.pull.run == proposed.run and kept.pull.head == proposed.head
        ]
        return next(iter((*is_open, *reversed(decided))), None)

    async def _is_empty(self, proposed: Proposed) -> bool:
        base = await self._repository.head(proposed.base)
        return await self._repository.contains(proposed.head, tip=base.commit)

    async def _noticed(self, kept: _Kept) -> PullRequest:
        """Return the proposal, its record brought up to date with what people did by hand."""
        pull = kept.pull
        if pull.status != "created":
            return pull
        head = await self._tip(pull.branch) or pull.head
        current = pull if head == pull.head else pull.model_copy(update={"head": head})
        merge_commit = await self._merge_commit(current)
        if merge_commit is not None or await self._is_merged(current):
            current = current.model_copy(update={"status": "merged", "merge_commit": merge_commit})
        if current == pull:
            return pull
        current = current.model_copy(update={"updated_at": self._clock.now()})
        replaced = await self._replace(kept, current)
        return replaced if replaced is not None else (await self._kept(pull.number)).pull

    async def _is_merged(self, pull: PullRequest) -> bool:
        base = await self._tip(pull.base)
        if base is None:
            return False
        if await self._merge_commit(pull) is not None:
            return True
        return await self._repository.contains(pull.head, tip=base)

    async def _merge_commit(self, pull: PullRequest) -> str | None:
        base = await self._tip(pull.base)
        if base is None:
            return None
        trailers = {"Courier-Proposal": str(pull.number), "Courier-Run": pull.run}
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

    async def _decide(self, number: int, decided: dict[str, str]) -> PullRequest:
        for _ in range(_TRIES):
            kept = await self._kept(number)
            if kept.pull.status in ("merged", "closed"):
                return kept.pull
            update = {**decided, "updated_at": self._clock.now()}
            replaced = await self._replace(kept, kept.pull.model_copy(update=update))
            if replaced is not None:
                return replaced
        raise Conflict("The proposal kept changing.", next_step="Try again.")

    async def _replace(self, kept: _Kept, pull: PullRequest) -> PullRequest | None:
        """Return the proposal once it is on record, or None if somebody else changed it first."""
        if pull == kept.pull:
            return pull
        path, content = _path(pull.number), _content(pull)
        message = f"Proposal {pull.number}: {pull.status}"
        await self._state.write([SwapFile(path, content, was=kept.content)], message=message)
        return pull if (await self._state.read([path])).get(path) == content else None

    async def _kept(self, number: int) -> _Kept:
        content = (await self._state.read([_path(number)])).get(_path(number))
        if content is None:
            raise NotFound("There is no such proposal.", detail=f"#{number}")
        return _parsed(number, content)

    async def _all(self) -> Sequence[_Kept]:
        paths = [_path(number) for number in await self._numbers()]
        contents = await self._state.read(paths)
        return [
            _parsed(number, contents[_path(number)])
            for number in await self._numbers()
            if _path(number) in contents
        ]

    async def _numbers(self) -> Sequence[int]:
        names = [path.rpartition("/")[2] for path in await self._state.paths(_FOLDER)]
        stems = [name.removesuffix(".json") for name in names if name.endswith(".json")]
        return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())

    async def _tip(self, branch: str) -> str | None:
        try:
            return (await self._repository.head(branch)).commit
        except NotFound:
            return None

    def _opened(self, proposed: Proposed, *, number: int, status: str) -> PullRequest:
        now = self._clock.now()
        return PullRequest.model_validate(
            {
                "number": number,
                "run": proposed.run,
                "status": status,
                "title": proposed.title,
                "body": proposed.body,
                "base": proposed.base,
                "branch": proposed.branch,
                "head": proposed.head,
                "draft": proposed.draft,
                "labels": proposed.labels,
                "reviewers": proposed.reviewers,
                "created_at": now,
                "updated_at": now,
            }
        )

    def _updated(self, pull: PullRequest, proposed: Proposed) -> PullRequest:
        update = {
            "run": proposed.run,
            "title": proposed.title,
            "body": proposed.body,
            "base": proposed.base,
            "head": proposed.head,
            "draft": proposed.draft,
            "labels": proposed.labels,
            "reviewers": proposed.reviewers,
        }
        updated = pull.model_copy(update=update)
        return (
            pull
            if updated == pull
            else updated.model_copy(update={"updated_at": self._clock.now()})
        )


def _path(number: int) -> str:
    return f"{_FOLDER}/{number}.json"


def _content(pull: PullRequest) -> bytes:
    value = pull.model_dump(mode="json", by_alias=True)
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _parsed(number: int, content: bytes) -> _Kept:
    try:
        return _Kept(PullRequest.model_validate_json(content), content)
    except ValidationError as broken:
        raise Misconfigured(
            "A proposal on the state branch is malformed.",
            detail=f"{_path(number)}: {broken}",
            next_step="Mend or delete the file on the state branch.",
        ) from broken


def _person(by: Identity) -> str:
    return f"{by.name} <{by.email}>"


def _message(pull: PullRequest, by: Identity, *, squash: bool) -> str:
    title = " ".join(pull.title.split()) or pull.run
    subject = f"{title} (#{pull.number})" if squash else f"Merge #{pull.number}: {title}"
    trailers = (
        f"Courier-Proposal: {pull.number}",
        f"Courier-Run: {pull.run}",
        f"Reviewed-by: {_person(by)}",
    )
    return subject + "\n\n" + "\n".join(trailers) + "\n"
