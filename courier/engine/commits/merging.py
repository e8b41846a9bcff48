"""Bringing branches together: what joins by itself is joined, a conflict is kept for an agent."""

from dataclasses import dataclass, replace
from functools import partial

from courier.engine.patience import patiently
from courier.engine.seam import Context, Json, StepIO
from courier.engine.world import World
from courier.ports.repository import How, Identity, Joined, Joining
from courier.runs.proposal.commits import SUBJECT_LIMIT, trailers
from courier.runs.run.events import BranchesMerged
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.merging import (
    FrozenBranch,
    FrozenMerge,
    MergeBranches,
    MergeConflict,
    MergedBranch,
    Outcome,
    Strategy,
    left,
)
from courier.runs.run.run import Run
from courier.runs.texts.markdown import line

HOW: dict[Strategy, How] = {"merge": "merge", "squash": "squash", "rebase": "pick"}
"""How two commits are brought together, by strategy."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """How far one branch has come.

    Attributes:
        work: Everything that is brought in.
        conflict: Where it stopped; None where it is done.
        resolved: Whether an agent had a part in it.
    """

    work: str
    conflict: MergeConflict | None = None
    resolved: bool = False


@dataclass(frozen=True, slots=True)
class Merging:
    """How the branches of one run are brought together."""

    world: World
    context: Context
    plan: FrozenPlan

    async def carry_out(self, run: Run, decision: MergeBranches, *, stage: str) -> BranchesMerged:
        """Return what was brought in, in one durable step of the name ``stage``."""

        async def join(_io: StepIO) -> Json:
            told = await patiently(self.world.clock, partial(self._join, run, decision))
            await self._keep(told, len(run.merges))
            return told.model_dump_json(by_alias=True)

        return BranchesMerged.model_validate_json(str(await self.context.step(stage, join)))

    async def _join(self, run: Run, decision: MergeBranches) -> BranchesMerged:
        merge = self.plan.merge
        assert merge is not None  # noqa: S101 - nothing else is decided to be merged
        at, done = _Standing(decision.work), list[MergedBranch]()
        resolved, conflict = decision.resolved, run.conflict
        for branch in left(merge, run.merges):
            before = at.work
            at = await self._bring_in(merge, branch, at.work, (conflict, resolved))
            if at.conflict is not None:
                break
            was_stopped = conflict is not None and conflict.branch == branch.branch
            how: Outcome = "skipped" if at.work == before else "merged"
            told = MergedBranch(branch=branch.branch, commit=branch.commit, how=how)
            done.append(told.model_copy(update={"how": "resolved"}) if was_stopped else told)
            resolved = conflict = None
        return BranchesMerged(
            at=self.world.clock.now(), work=at.work, merged=tuple(done), conflict=at.conflict
        )

    async def _bring_in(
        self,
        merge: FrozenMerge,
        branch: FrozenBranch,
        work: str,
        stopped: tuple[MergeConflict | None, str | None],
    ) -> _Standing:
        """Return how far one branch comes; where it stopped before, it goes on from there."""
        conflict, resolved = stopped
        repository = self.world.repository
        parts = await self._parts(merge, branch)
        if conflict is not None and conflict.commit in parts:
            parts = parts[parts.index(conflict.commit) :]
        for theirs in parts:
            stopped_here = conflict is not None and conflict.commit == theirs
            wanted = self._joining(branch, work, theirs, by_agent=stopped_here)
            if stopped_here and resolved is not None:
                wanted = replace(wanted, tree=await repository.tree(resolved))
            joined = await repository.join(wanted)
            if joined.conflicts:
                return _Standing(work, _conflict(branch, wanted, joined))
            work = joined.commit
        return _Standing(work)

    async def _parts(self, merge: FrozenMerge, branch: FrozenBranch) -> list[str]:
        """Return the commits to be brought in one after the other."""
        if merge.strategy != "rebase":
            return [branch.commit]
        onto = self.plan.git.base_commit
        return list(await self.world.repository.picks(branch.commit, onto=onto))

    def _joining(self, branch: FrozenBranch, work: str, theirs: str, *, by_agent: bool) -> Joining:
        git, merge = self.plan.git, self.plan.merge
        assert merge is not None  # noqa: S101 - as above
        verb = "Squash" if merge.strategy == "squash" else "Merge"
        subject = line(f"{verb} {branch.branch} into {git.base_branch}", most=SUBJECT_LIMIT)
        run = (f"Courier-Run: {self.plan.run}",)
        told = "\n".join(trailers(self.plan, self.plan.steps[0], 1) if by_agent else run)
        return Joining(
            work,
            theirs,
            HOW[merge.strategy],
            message=f"{subject}\n\n{told}\n",
            author=Identity(git.author_name, git.author_email),
        )

    async def _keep(self, told: BranchesMerged, at: int) -> None:
        """Keep what was made where nothing takes it away and other workers find it."""
        name = f"refs/courier/runs/{self.plan.run}/joined-{at}"
        newest = told.conflict.base if told.conflict is not None else told.work
        await self.world.repository.keep(newest, at=name)


def _conflict(branch: FrozenBranch, wanted: Joining, joined: Joined) -> MergeConflict:
    return MergeConflict(
        branch=branch.branch,
        commit=wanted.theirs,
        onto=wanted.ours,
        base=joined.commit,
        files=joined.conflicts,
    )
