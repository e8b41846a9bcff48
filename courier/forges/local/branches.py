"""What the branches of a proposal say: whether it is merged, and merging it."""

import re
from collections.abc import Awaitable, Callable
from typing import Final

from courier.errors import Conflict, NotFound
from courier.ports.repository import Identity, Repository, SigningKey
from courier.runs.pullrequests.pullrequest import PullRequest

_PERSON: Final = re.compile(r"(?P<name>[^<>]*?) ?<(?P<email>[^<>]*)>")


KeyOf = Callable[[PullRequest], Awaitable[SigningKey | None]]
"""From a proposal to what its merge is signed with; may raise `MissingSecret`."""


async def unsigned(_pull: PullRequest) -> SigningKey | None:
    """Return that nothing is signed."""
    return None


class Branches:
    """The branches of a repository, as it was last fetched."""

    def __init__(self, repository: Repository, key_of: KeyOf) -> None:
        self._repository = repository
        self._key_of = key_of

    async def tip(self, branch: str) -> str | None:
        """Return the commit a branch is at; None if there is none."""
        try:
            return (await self._repository.head(branch)).commit
        except NotFound:
            return None

    async def is_merged(self, pull: PullRequest) -> bool:
        """Return whether a proposal's work is in its base, whoever merged it and how."""
        base = await self.tip(pull.base)
        if base is None:
            return False
        is_told = await self.merge_commit(pull) is not None
        return is_told or await self._repository.contains(pull.head, tip=base)

    async def merge_commit(self, pull: PullRequest) -> str | None:
        """Return the commit whose trailers tell of the merge; None where none does."""
        base = await self.tip(pull.base)
        if base is None:
            return None
        trailers = merge_trailers(pull)
        return await self._repository.find_trailers(trailers, tip=base, beyond=pull.head)

    async def check_mergeable(self, pull: PullRequest) -> None:
        """Return if a person's word to merge is about what is there.

        Raises:
            Conflict: If it is closed, or its head moved since it was last looked at.
        """
        if pull.status == "closed":
            raise Conflict("The proposal is closed.", detail=f"#{pull.number}")
        head = await self.tip(pull.branch)
        if pull.status == "created" and head not in (None, pull.head):
            raise Conflict(
                "The proposal's branch moved since it was last looked at.",
                detail=f"#{pull.number} was at {pull.head[:12]}, {pull.branch} is at {head}.",
                next_step=f"Look with `courier pr show {pull.number}`, then merge again.",
            )

    async def merge(self, pull: PullRequest, by: Identity, *, squash: bool) -> str:
        """Merge a proposal's head into its base, signed if there is a key; return the new tip.

        Raises:
            MissingSecret: If there is to be one, and it has no value here.
            Conflict: If it cannot be merged cleanly.
        """
        key = await self._key_of(pull)
        message = merge_message(pull, by, squash=squash)
        return await self._repository.merge(
            pull.head, into=pull.base, message=message, author=by, squash=squash, key=key
        )


def merge_message(pull: PullRequest, by: Identity, *, squash: bool) -> str:
    """Return the message of the commit that merges a proposal; its trailers prove the merge."""
    title = " ".join(pull.title.split()) or pull.run
    subject = f"{title} (#{pull.number})" if squash else f"Merge #{pull.number}: {title}"
    reviewed = f"Reviewed-by: {person(by)}"
    trailers = [f"{key}: {value}" for key, value in merge_trailers(pull).items()]
    return subject + "\n\n" + "\n".join((*trailers, reviewed)) + "\n"


def merge_trailers(pull: PullRequest) -> dict[str, str]:
    """Return the trailers by which a merge of the proposal is known."""
    return {"Courier-Proposal": str(pull.number), "Courier-Run": pull.run}


def person(by: Identity) -> str:
    """Return a person as git writes one."""
    return f"{by.name} <{by.email}>"


def whoever(written: str | None) -> Identity:
    """Return who ``Name <email>`` stands for."""
    found = _PERSON.fullmatch(written or "")
    return (
        Identity(found["name"], found["email"])
        if found
        else Identity("courier", "courier@localhost")
    )
