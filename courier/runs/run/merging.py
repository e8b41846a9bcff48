"""Merges: branches brought into another one, and what is left for an agent where they conflict.

The host joins what joins by itself. A conflict is put before an agent as git puts it: the two
sides, what they have in common, and files with marks in them. What the agent makes of it is a tree;
the host makes the commit of it, so that nobody but the host decides about history.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from courier.resources.model import Model
from courier.runs.texts.markdown import code

if TYPE_CHECKING:
    from courier.runs.run.facts.joining import BranchesMerged
    from courier.runs.run.frozen import FrozenPlan
    from courier.runs.run.run import Run

Outcome = Literal["merged", "resolved", "skipped"]

Strategy = Literal["merge", "squash", "rebase"]

_MARKS: Final = re.compile(rb"^(<{7}|>{7}|\|{7})(?: |\r?$)", re.MULTILINE)


class FrozenBranch(Model):
    """A branch to bring in, and its tip."""

    branch: str
    commit: str


class FrozenMerge(Model):
    """What a run brings together; what it goes into is what the run's git says."""

    branches: tuple[FrozenBranch, ...]
    """In order."""
    strategy: Strategy = "merge"


class MergedBranch(Model):
    """What became of one branch."""

    branch: str
    commit: str
    how: Outcome
    """skipped: all of it was there before."""


class MergeConflict(Model):
    """A conflict as it is put before an agent."""

    branch: str
    commit: str
    """What is brought in: the branch's tip or, for a rebase, one of its commits."""
    onto: str
    """What it is brought into."""
    base: str
    """A commit of the host whose tree is the conflicted one, marks included."""
    files: tuple[str, ...]
    """Paths in conflict."""


@dataclass(frozen=True, slots=True)
class MergeBranches:
    """Bring in all that joins by itself, up to the next conflict.

    Attributes:
        work: What there is by now.
        resolved: What an agent made of the conflict there was; None at the beginning.
    """

    work: str
    resolved: str | None = None


@dataclass(frozen=True, slots=True)
class Resolve:
    """Put a conflict before an agent."""

    conflict: MergeConflict


def merging(plan: "FrozenPlan", run: "Run") -> MergeBranches | Resolve | None:
    """Return what a merge needs next; None where the steps of its run go on as all others do."""
    if plan.merge is None:
        return None
    if not run.merges:
        return MergeBranches(plan.git.base_commit)
    conflict, last = run.conflict, run.last
    if conflict is None:
        return None
    if last is None or last.base != conflict.base:
        return Resolve(conflict)
    if last.commit is not None and last.outcome.status == "completed":
        return MergeBranches(run.merges[-1].work, resolved=last.commit)
    return None


def merged(merges: "Sequence[BranchesMerged]") -> tuple[MergedBranch, ...]:
    """Return every branch that is done with, in order."""
    return tuple(one for fact in merges for one in fact.merged)


def left(merge: FrozenMerge, merges: "Sequence[BranchesMerged]") -> tuple[FrozenBranch, ...]:
    """Return the branches that are still to be brought in, the one in conflict included."""
    return merge.branches[len(merged(merges)) :]


def has_marks(content: bytes) -> bool:
    """Return whether a file still holds marks of a conflict."""
    return _MARKS.search(content) is not None


def conflict_told(conflict: MergeConflict, target: str) -> str:
    """Return what an agent is told about the conflict before it."""
    files = "\n".join(f"- `{path}`" for path in conflict.files)
    return (
        f"# The merge at hand\n\nBranch `{conflict.branch}` ({conflict.commit[:12]}) is being "
        f"brought into the work for `{target}` ({conflict.onto[:12]}), and git stopped in the "
        f"middle of it: `git status` shows the conflict, `git diff` both sides. In conflict:\n\n"
        f"{files}"
    )


def repair_prompt(paths: Sequence[str]) -> str:
    """Return what is said to an agent that left a conflict unresolved."""
    if not paths:
        return (
            "Nothing of the other branch is left in the work tree, as if the merge had been "
            "aborted. Bring its changes in and resolve the conflicts."
        )
    told = ", ".join(f"`{path}`" for path in paths[:20])
    return f"These files still hold marks of the conflict: {told}. Resolve them, then end."


def merges_table(run: "Run") -> str:
    """Return what became of each branch, for reviewers; empty for a run that merges nothing."""
    found = merged(run.merges)
    if not found:
        return ""
    words = {"merged": "joined without a conflict", "resolved": "conflict resolved by the agent"}
    rows = ["| branch | commit | how |", "| --- | --- | --- |"]
    for one in found:
        told = words.get(one.how, "was there before")
        rows.append(f"| {code(one.branch)} | {code(one.commit[:12])} | {told} |")
    return "\n".join(rows)
