"""The commits between a base and a head: read here where they are one line, else told by git."""

from collections.abc import Mapping, Sequence
from typing import Final

from courier.diagnostics import Diagnostic
from courier.errors import Unavailable
from courier.storage.commits import is_ancestor, parents_of
from courier.storage.gate.borrowed import Borrowed
from courier.storage.gate.findings import finding, refusal
from courier.storage.gate.work import Change, parsed_changes
from courier.storage.git import Git, Limits
from courier.storage.treediff import Difference

Lineage = Mapping[str, bytes]
"""Raw commit objects by id, oldest first, each with one parent: the one before it, or the base."""

MOST_COMMITS: Final = 500
_READING: Final = Limits(seconds=120, output=64 << 20)
_RAW: Final = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev")


async def straight_line(objects: Borrowed, base: str, head: str, *, most: int) -> Lineage | None:
    """Return the commits from head back to the base; None if they are more, or branch, or end."""
    line: dict[str, bytes] = {}
    at = head
    while at != base:
        found = (await objects.read([at]))[0]
        if found is None or found.kind != "commit" or len(line) == most:
            return None
        line[at] = found.content
        parents = parents_of(found.content)
        if len(parents) != 1:
            return None
        at = parents[0]
    return dict(reversed(line.items()))


async def told_lineage(git: Git, objects: Borrowed, base: str, head: str) -> Lineage:
    """Return the commits between base and head, by git.

    Raises:
        Refused: If head does not build on the base, by too many commits, or by a merge or a root.
    """
    try:
        descends = await is_ancestor(git, base, of=head)
    except Unavailable as failed:
        raise refusal([finding("BrokenPack", "Its history is broken.", failed.detail)]) from None
    if not descends:
        raise refusal([finding("NotDescending", "The work does not build on its base.")])
    most = f"--max-count={MOST_COMMITS + 1}"
    order = ("--topo-order", "--reverse", "--parents")
    listed = await git.run("rev-list", *order, most, head, f"^{base}", "--")
    lineage = [line.split() for line in listed.text.splitlines()]
    found = _findings(lineage)
    if found:
        raise refusal(found)
    raw = await objects.read([line[0] for line in lineage])
    return {commit.id: commit.content for commit in raw if commit is not None}


async def told_changes(
    git: Git, base: str, lineage: Lineage
) -> tuple[tuple[Change, ...], tuple[Difference, ...]]:
    """Return what each commit changed, and what all of them together, by git."""
    each = await git.run(
        "diff-tree",
        "--stdin",
        *_RAW,
        stdin="".join(f"{commit}\n" for commit in lineage).encode(),
        limits=_READING,
    )
    together = await git.run("diff-tree", *_RAW, base, list(lineage)[-1], limits=_READING)
    net = parsed_changes(together.out)
    shown = (Difference(one.path, *_sides(one)) for one in net)
    return parsed_changes(each.out), tuple(shown)


def _sides(change: Change) -> tuple[str, str, str, str]:
    return change.old_mode, change.new_mode, change.old_id, change.new_id


def _findings(lineage: Sequence[Sequence[str]]) -> list[Diagnostic]:
    if len(lineage) > MOST_COMMITS:
        detail = f"More than {MOST_COMMITS}."
        return [finding("TooManyCommits", "The work has too many commits.", detail)]
    found = []
    for commit, *parents in lineage:
        if not parents:
            found.append(finding("NewRoot", "A commit has no parent.", f"Commit {commit[:12]}."))
        if len(parents) > 1:
            found.append(finding("Merge", "A commit is a merge.", f"Commit {commit[:12]}."))
    return found
