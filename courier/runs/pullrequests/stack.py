"""Stacks: pull requests of which each wants to go into the branch of the one below it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from courier.resources.model import Model
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.texts.markdown import code, line

_MOST: Final = 50
_BEGIN: Final = "<!-- courier-stack -->"
_END: Final = "<!-- /courier-stack -->"


class Floor(Model):
    """One pull request of a stack; the lowest comes first."""

    run: str
    title: str
    branch: str
    number: int = 0
    """0 for the one that is about to be opened."""
    status: str = "creating"


@dataclass(frozen=True, slots=True)
class Retarget:
    """A pull request whose base was merged, and the branch it wants to go into now."""

    number: int
    base: str


def stack_of(own: Floor, base: str, pulls: Sequence[PullRequest]) -> tuple[Floor, ...]:
    """Return the stack of a pull request from the lowest up, itself included.

    Args:
        own: The one that looks, as it will be.
        base: What it wants to go into.
        pulls: All pull requests there are; of several of one branch the newest open one counts.
    """
    by_branch = _newest(pulls)
    below: list[Floor] = []
    seen, at = {own.branch}, base
    while at in by_branch and at not in seen and len(below) < _MOST:
        seen.add(at)
        below.append(floor_of(by_branch[at]))
        at = by_branch[at].base
    above: list[Floor] = []
    wanted = own.branch
    while (upper := _on(wanted, by_branch.values(), seen)) is not None and len(above) < _MOST:
        seen.add(upper.branch)
        above.append(floor_of(upper))
        wanted = upper.branch
    return (*reversed(below), own, *above)


def told_stack(stack: Sequence[Floor], branch: str) -> str:
    """Return a stack for people, with one branch marked; empty where it has one floor only."""
    if len(stack) < 2:
        return ""
    rows = [f"{place}. {_told(floor, branch)}" for place, floor in enumerate(stack, start=1)]
    told = ["## Stack", "", "Each builds on the one above it: merge from the first down.", ""]
    return "\n".join([_BEGIN, *told, *rows, _END])


def with_stack(body: str, stack: Sequence[Floor], branch: str) -> str:
    """Return a pull request's body with what it says of its stack brought up to date."""
    told = told_stack(stack, branch)
    before, begin, rest = body.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if begin and end:
        return f"{before}{told}{after}" if told else f"{before.rstrip()}\n{after}"
    return f"{told}\n\n{body}" if told else body


def is_stacked(pull: PullRequest) -> bool:
    """Return whether a pull request tells that it is one of a stack."""
    return _BEGIN in pull.body


def landing(base: str, pulls: Sequence[PullRequest]) -> str:
    """Return where work for a branch goes: where that branch's own work went, once it is merged."""
    merged = {each.branch: each for each in reversed(pulls) if each.status == "merged"}
    still_open = {each.branch for each in pulls if each.status in ("creating", "created")}
    seen: set[str] = set()
    while base in merged and base not in still_open and base not in seen:
        seen.add(base)
        base = merged[base].base
    return base


def retargets(pulls: Sequence[PullRequest]) -> tuple[Retarget, ...]:
    """Return every open pull request that waits on a branch whose own was merged.

    It then wants to go where that one went; through several merged ones at once.
    """
    wanted = ((pull, landing(pull.base, pulls)) for pull in pulls if pull.status == "created")
    return tuple(
        Retarget(pull.number, base) for pull, base in wanted if base not in (pull.base, pull.branch)
    )


def _newest(pulls: Sequence[PullRequest]) -> dict[str, PullRequest]:
    """Return the pull request of each branch: an open one before others, then the newest."""
    found: dict[str, PullRequest] = {}
    for pull in sorted(pulls, key=lambda each: (each.status == "created", each.number)):
        found[pull.branch] = pull
    return found


def _on(branch: str, pulls: Iterable[PullRequest], seen: set[str]) -> PullRequest | None:
    """Return the open pull request on top of a branch; of several the oldest."""
    upper = [
        pull
        for pull in pulls
        if pull.base == branch and pull.branch not in seen and pull.status == "created"
    ]
    return min(upper, key=lambda pull: pull.number, default=None)


def floor_of(pull: PullRequest) -> Floor:
    """Return a pull request as a part of a stack."""
    return Floor(
        run=pull.run,
        title=pull.title,
        branch=pull.branch,
        number=pull.number,
        status=pull.status,
    )


def _told(floor: Floor, branch: str) -> str:
    # A number of ours is meant as a link.
    number = f"#{floor.number} " if floor.number else ""
    status = "" if floor.status in ("creating", "created") else f" ({floor.status})"
    told = f"{number}{line(floor.title, most=72)} {code(floor.branch)}{status}"
    return f"**{told} ← this one**" if floor.branch == branch else told
