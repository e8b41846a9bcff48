"""Where the next part of a chain begins: on what base, at which commit, going to which branch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from courier.planning.chains.chain import Chain
from courier.planning.observed.course import Part, is_down, is_unopened
from courier.planning.observed.observed import Observed

AWAITING_MERGE: Final = "AwaitingMerge"
BRANCH_GONE: Final = "BranchGone"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a part begins.

    Attributes:
        base: The branch it is proposed to; None for the project's default branch.
        branch: The branch it goes on with, which others of its chain share; None for the one the
            chain asks for.
        commit: The commit it goes on from; None for the tip of its base.
        expected: The commit the branch it goes to is at; None where there is no such branch.
        number: The open pull request it goes on with; None for none.
    """

    base: str | None = None
    branch: str | None = None
    commit: str | None = None
    expected: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a part cannot begin now, as a stable word and a sentence."""

    reason: str
    message: str


def good(parts: Sequence[Part]) -> list[Part]:
    """Return the parts that were completed, changed something and can be built on, in order."""
    done = [part for part in parts if part.phase == "completed" and part.branch is not None]
    return [part for part in done if not is_down(part)]


def pushed(parts: Sequence[Part]) -> list[Part]:
    """Return the parts whose work was pushed to be proposed, whatever became of that."""
    done = [part for part in parts if part.phase == "completed" or is_unopened(part)]
    return [part for part in done if part.branch is not None]


def ground(
    chain: Chain, before: Sequence[Part], observed: Observed, *, earlier: Sequence[Part] = ()
) -> Ground | Obstacle:
    """Return where a part begins, or why it does not.

    Args:
        chain: Its chain.
        before: The parts before it.
        observed: Gives the tips of branches, and the bases of pull requests.
        earlier: Parts as they were before they were begun anew.
    """
    done = good(before)
    if not done:
        return _anew(chain, (*earlier, *before), observed)
    last = done[-1]
    if chain.awaits_merge:
        return _merged(chain, last)
    if chain.is_single:
        return _shared(chain, last, observed)
    return _stacked(chain, done, observed)


def _anew(chain: Chain, before: Sequence[Part], observed: Observed) -> Ground | Obstacle:
    """Return the default branch; a shared branch that nothing is built on is taken over."""
    left = pushed(before)
    if not chain.is_single or not left:
        return Ground()
    branch = left[-1].branch or ""
    tip = observed.branches.get(branch)
    if tip is not None and tip not in {part.commit for part in left}:
        message = (
            f'Branch "{branch}" is not gone on with and holds commits of others. Delete it, or '
            "begin another chain with another `branch`."
        )
        return Obstacle("Blocked", message)
    return Ground(branch=branch, expected=tip)


def _merged(chain: Chain, last: Part) -> Ground | Obstacle:
    if last.pull_request in ("merged", "skipped"):
        return Ground()
    what = f"pull request #{last.number}" if last.number else "the work"
    message = f"It goes on once {what} of {chain.word} {last.name} is merged (`base: merged`)."
    return Obstacle(AWAITING_MERGE, message)


def _shared(chain: Chain, last: Part, observed: Observed) -> Ground | Obstacle:
    branch = last.branch or ""
    tip = observed.branches.get(branch)
    is_merged = last.pull_request in ("merged", "skipped")
    if is_merged and tip in (None, last.commit):
        return Ground(branch=branch, expected=tip)
    if tip is None:
        return Obstacle(BRANCH_GONE, _lost(chain, last))
    number = None if is_merged else last.number
    return Ground(branch=branch, commit=tip, expected=tip, number=number)


def _stacked(chain: Chain, done: Sequence[Part], observed: Observed) -> Ground | Obstacle:
    """Return the branch of the part before; where that was merged, the one it was merged into."""
    by_branch = {part.branch: part for part in done}
    last: Part | None = done[-1]
    while last is not None and last.pull_request in ("merged", "skipped"):
        record = observed.records.runs.get(last.run or "")
        by_branch.pop(last.branch, None)
        last = by_branch.get(record.base) if record is not None else None
    if last is None:
        return Ground()
    if last.branch not in observed.branches:
        return Obstacle(BRANCH_GONE, _lost(chain, last))
    return Ground(base=last.branch)


def _lost(chain: Chain, last: Part) -> str:
    return (
        f'Branch "{last.branch}" with the work of {chain.word} {last.name} is gone, and its pull '
        f"request is not merged. Push {last.commit or 'it'} there again, or merge it."
    )
