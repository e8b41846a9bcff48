"""Proposing learnings: one open pull request a project, and what people decided about it."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from courier.engine.commits.signing import signed
from courier.engine.desired.keys import Keys, key_in
from courier.engine.learnings.memory import Memory
from courier.engine.pullrequests.pulls import Pulls
from courier.engine.world import World
from courier.errors import CourierError
from courier.planning.catalog.catalog import Catalog
from courier.planning.learned.batch import (
    Batch,
    Rejected,
    batch_path,
    begun,
    document_of,
    rejected_path,
)
from courier.ports.forges import Forge
from courier.ports.repository import Identity
from courier.ports.state import Change, DeleteFile, WriteFile
from courier.runs.learnings.lesson import Lesson
from courier.runs.pullrequests.pullrequest import Proposed, PullRequest
from courier.runs.records.writeback import to_json

log = logging.getLogger(__name__)

AUTHOR: Final = Identity("courier", "courier@localhost")
"""Who the files are by; no agent makes them."""

_FOLDER: Final = ".courier/learnings"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of learnings in one pass.

    Attributes:
        failed: Sessions and branches of what cannot be done now, and why.
        proposed: Branches of pull requests that were opened or added to, and their titles.
    """

    failed: list[tuple[str, str]] = field(default_factory=list)
    proposed: list[tuple[str, str]] = field(default_factory=list)


class Proposing:
    """Brings pull requests up to date with batches, and batches with what people decided.

    Args:
        world: Where they are.
        memory: What is remembered of them.
        pulls: What passes see of pull requests; None to ask their forges each time.
    """

    def __init__(self, world: World, memory: Memory, pulls: Pulls | None = None) -> None:
        self._world = world
        self._memory = memory
        self._pulls = pulls
        self._keys = Keys(world)

    async def carry_out(self, catalog: Catalog | None = None) -> Outcome:
        """Do it for every project; return what became of it.

        Args:
            catalog: The documents in force; None to read them where they matter.
        """
        outcome = Outcome()
        for batch in (await self._memory.batches()).values():
            try:
                proposed = await self._one(batch, catalog)
            except CourierError as fault:
                log.warning("learnings of %s are not proposed: %s", batch.project, fault)
                outcome.failed.append((batch.branch, str(fault)))
                continue
            if proposed is not None:
                outcome.proposed.append((batch.branch, f"#{proposed.number} {proposed.title}"))
        return outcome

    async def _one(self, batch: Batch, catalog: Catalog | None) -> PullRequest | None:
        """Do it for one project; return the pull request if one was opened or added to."""
        pull = await self._pull(batch)
        is_due = batch.unpublished or batch.withdrawn or pull is None
        if is_due and batch.number is not None:
            # What was seen of it some time ago is not enough to push to its branch.
            pull = await self._forge(batch).get(batch.number)
        if pull is not None and pull.status in ("merged", "closed"):
            await self._decided(batch, pull)
        elif not batch.learnings:
            await self._withdraw(batch, pull)
        elif is_due:
            return await self._publish(batch, catalog)
        return None

    async def _pull(self, batch: Batch) -> PullRequest | None:
        if batch.number is not None and self._pulls is not None:
            return await self._pulls.get((batch.forge, batch.number))
        if batch.number is not None:
            return await self._forge(batch).get(batch.number)
        pulls = await self._forge(batch).list()
        return next((pull for pull in pulls if pull.branch == batch.branch), None)

    def _forge(self, batch: Batch) -> Forge:
        return self._world.forges[batch.forge]

    async def _publish(self, batch: Batch, catalog: Catalog | None) -> PullRequest | None:
        repository, branch = self._world.repository, batch.branch
        head = await repository.head()
        tip = await repository.resolve(f"refs/remotes/origin/{branch}")
        onto = tip or head.commit
        there = await repository.files(onto, _FOLDER)
        redact = self._world.secrets.redact
        files: dict[str, bytes | None] = {
            one.path: redact(document_of(one).decode()).encode()
            for one in batch.unpublished
            if one.path not in there
        }
        files |= {path: None for path in batch.withdrawn if path in there}
        commit = onto
        if files:
            made = await repository.with_files(onto, files, message=batch.title, author=AUTHOR)
            commit = await signed(
                self._world, await self._key(batch, catalog), made, beyond=(onto,)
            )
        if commit != tip:
            await repository.push(commit, branch=branch, expected=tip)
        pull = await self._forge(batch).propose(_proposed(batch, base=head.branch, head=commit))
        if pull.number:
            done = tuple(one.model_copy(update={"published": True}) for one in batch.learnings)
            known = {"number": pull.number, "learnings": done, "withdrawn": ()}
            told = batch.model_copy(update=known)
            await self._memory.keep(told, message=f"learnings proposed: {batch.project}")
        return pull if pull.number else None

    async def _key(self, batch: Batch, catalog: Catalog | None) -> str | None:
        if catalog is not None:
            return key_in(catalog, batch.project)
        return await self._keys.name(batch.project)

    async def _decided(self, batch: Batch, pull: PullRequest) -> None:
        """Forget the batch; what was in the pull request and did not come in was rejected.

        What nobody saw there is proposed by another one.
        """
        await self._world.repository.fetch()
        seen = await self._paths(pull.head)
        unseen = tuple(
            one for one in batch.learnings if not one.published and one.lesson.path not in seen
        )
        gone = tuple(one.lesson for one in batch.learnings if one not in unseen)
        if pull.status == "merged":
            head = await self._world.repository.head(pull.base)
            there = await self._paths(head.commit)
            gone = tuple(one for one in gone if one.path not in there)
            unseen = tuple(one for one in unseen if one.lesson.path not in there)
        rejected, told = self._rejected(gone, pull), f"learnings {pull.status}: {batch.project}"
        if unseen:
            another = begun(batch.project, unseen[0].lesson, forge=batch.forge)
            another = another.model_copy(update={"learnings": unseen})
            await self._memory.keep(another, rejected, message=told)
        else:
            await self._write([*rejected, DeleteFile(batch_path(batch.project))], told)

    async def _paths(self, commit: str) -> Collection[str]:
        """Return the paths of the learnings in a commit; none where it is not known here."""
        known = await self._world.repository.find_commit(commit)
        return await self._world.repository.files(known, _FOLDER) if known else ()

    async def _withdraw(self, batch: Batch, pull: PullRequest | None) -> None:
        if pull is not None:
            await self._forge(batch).close(pull.number, by=AUTHOR)
        told = f"learnings withdrawn: {batch.project}"
        await self._write([DeleteFile(batch_path(batch.project))], told)

    def _rejected(self, lessons: Sequence[Lesson], pull: PullRequest) -> Sequence[Change]:
        at = pull.updated_at
        return [
            rejection(Rejected(lesson=one, by=pull.decided_by, at=at, number=pull.number))
            for one in lessons
        ]

    async def _write(self, changes: Sequence[Change], message: str) -> None:
        await self._world.state.write(changes, message=message)


def rejection(rejected: Rejected) -> Change:
    """Return the file that remembers a rejection."""
    content = to_json(rejected.model_dump(mode="json", by_alias=True))
    return WriteFile(rejected_path(rejected.lesson), content)


def _proposed(batch: Batch, *, base: str, head: str) -> Proposed:
    return Proposed(
        run=batch.branch.replace("/", "-"),
        title=batch.title,
        body=batch.body,
        base=base,
        branch=batch.branch,
        head=head,
    )
