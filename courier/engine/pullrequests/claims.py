"""Claims: of all who would open a pull request with the same files, one does."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from courier.engine.world import World
from courier.errors import Conflict, CourierError, NotFound, Unavailable
from courier.ports.state import Change, DeleteFile, SwapFile
from courier.runs.pullrequests.pullrequest import Proposed, PullRequest
from courier.runs.records.claim import (
    FOLDER,
    KEPT,
    Claim,
    claim_content,
    claim_path,
    read_claim,
    skipped_for,
    waiting_for,
)

log = logging.getLogger(__name__)

_TRIES: Final = 20
_LOOKED_AT: Final = 200
"""Most old claims that are looked at when a new one is made."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims on the state branch of one repository."""

    world: World

    async def rival(
        self, wanted: Claim, proposed: Proposed, *, besides: Sequence[Change] = ()
    ) -> PullRequest | None:
        """Claim what is proposed; return what is told instead where another has it.

        That is one that is skipped where another is open, and one still being created where
        another run is about to open it: ask again after a while.

        Args:
            wanted: The claim.
            proposed: What is claimed.
            besides: What is put on record together with it.

        Raises:
            Unavailable: If the state branch or the forge cannot be reached.
            Conflict: If others kept claiming it.
        """
        now = self.world.clock.now()
        tree = await self.world.repository.tree(proposed.head)
        if (twin := await self._twin(wanted, tree)) is not None:
            return skipped_for(proposed, twin, at=now)
        path, state = claim_path(wanted, tree), self.world.state
        for _ in range(_TRIES):
            content = (await state.read([path])).get(path)
            held = read_claim(content)
            if held is not None and _is_of(held, wanted) and held.is_fresh(now):
                return None
            if held is not None and not _is_of(held, wanted):
                await state.refresh()
                content = (await state.read([path])).get(path)
                told = await self._held(read_claim(content), wanted, proposed)
                if told is not None:
                    return told
            swap = SwapFile(path, claim_content(wanted), was=content)
            told_why = f"claim: {wanted.run}"
            await state.write([*besides, *await self._old(path), swap], message=told_why)
            if (await state.read([path])).get(path) == swap.content:
                return None
        raise Conflict("Others kept claiming the same pull request.", next_step="Try again.")

    async def propose(self, wanted: Claim, proposed: Proposed) -> PullRequest:
        """Propose what is claimed; where the forge declines it, the claim is given back.

        Raises:
            CourierError: If the forge declines it, or cannot be asked now.
        """
        try:
            return await self.world.forge_named(wanted.forge).propose(proposed)
        except Unavailable:
            raise
        except CourierError:
            await self._give_back(wanted, proposed)
            raise

    async def _give_back(self, wanted: Claim, proposed: Proposed) -> None:
        state = self.world.state
        try:
            path = claim_path(wanted, await self.world.repository.tree(proposed.head))
            content = (await state.read([path])).get(path)
            held = read_claim(content)
            if held is not None and _is_of(held, wanted):
                gone = DeleteFile(path, was=content)
                await state.write([gone], message=f"claim given back: {wanted.run}")
        except CourierError as fault:
            # It is lost after a while in any case.
            log.warning("run %s keeps its claim: %s", wanted.run, fault)

    async def is_lost(self, wanted: Claim, proposed: Proposed) -> bool:
        """Return whether somebody took it over while it was being opened.

        Costs nothing unless that took so long that somebody may have.
        """
        if wanted.is_fresh(self.world.clock.now()):
            return False
        path = claim_path(wanted, await self.world.repository.tree(proposed.head))
        await self.world.state.refresh()
        held = read_claim((await self.world.state.read([path])).get(path))
        return held is not None and not _is_of(held, wanted)

    async def _twin(self, wanted: Claim, tree: str) -> PullRequest | None:
        """Return an open pull request on record with the same files."""
        for listed in self.world.index.proposed():
            other = listed.observed
            is_alike = (other.base, other.forge) == (wanted.base, wanted.forge)
            is_own = other.run == wanted.run or other.branch == wanted.branch
            if not is_alike or is_own or other.commit is None:
                continue
            if await self._tree(other.commit) != tree:
                continue
            if (found := await self._open(wanted.forge, other.number or 0, tree)) is not None:
                return found
        return None

    async def _held(
        self, held: Claim | None, wanted: Claim, proposed: Proposed
    ) -> PullRequest | None:
        """Return what is told where somebody else's claim stands; None where it does not."""
        now = self.world.clock.now()
        if held is None or _is_of(held, wanted):
            return None
        tree = await self.world.repository.tree(proposed.head)
        told = await self._told(held)
        if told is not None and told.number:
            found = await self._open(held.forge, told.number, tree)
        elif told is not None and told.status != "creating":
            found = None
        elif held.holds(now):
            return waiting_for(proposed, held, at=now)
        else:
            # Whoever made it may be gone for good, after it opened one or before.
            known = await self.world.forge_named(held.forge).list(status="created")
            own = [one.number for one in known if one.branch == held.branch]
            found = await self._open(held.forge, own[0], tree) if own else None
        return skipped_for(proposed, found, at=now) if found is not None else None

    async def _told(self, held: Claim) -> PullRequest | None:
        """Return what is on record of the pull request; None while there is nothing."""
        content = (await self.world.state.read([held.record])) if held.record else {}
        try:
            record = json.loads(content.get(held.record, b"{}"))
            pull = PullRequest.model_validate(record.get("pullRequest"), strict=False)
        except ValueError:
            return None
        return pull if pull.branch == held.branch else None

    async def _open(self, forge: str, number: int, tree: str) -> PullRequest | None:
        """Return a pull request as it is now, if it is open and has these files."""
        try:
            pull = await self.world.forge_named(forge).get(number)
        except NotFound:
            return None
        is_same = pull.status == "created" and await self._tree(pull.head) == tree
        return pull if is_same else None

    async def _tree(self, commit: str) -> str | None:
        try:
            return await self.world.repository.tree(commit)
        except NotFound:
            return None

    async def _old(self, but: str) -> Sequence[Change]:
        """Return how claims are taken away that tell nothing records do not."""
        state, until = self.world.state, self.world.clock.now() - KEPT
        paths = [path for path in await state.paths(FOLDER) if path != but][:_LOOKED_AT]
        kept = {
            path: (content, read_claim(content))
            for path, content in (await state.read(paths)).items()
        }
        return [
            DeleteFile(path, was=content)
            for path, (content, claim) in kept.items()
            if claim is None or claim.at < until
        ]


def _is_of(held: Claim, wanted: Claim) -> bool:
    """Return whether a claim is for the same pull request, or of the same run."""
    return held.branch == wanted.branch or held.run == wanted.run
