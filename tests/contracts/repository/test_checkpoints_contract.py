"""Checkpoints: what the refs of the remote promise, whoever saves and however often."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from courier.errors import NotFound
from courier.ports.checkpoints import Line
from courier.ports.repository import Identity
from courier.runs.run.events import Checkpoint
from courier.storage.checkpoints import CheckpointRefs
from courier.storage.mirror import Mirror
from tests.contracts.scratch import Scratch

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BOT = Identity("courier", "courier@example.com")


class Shop:
    """One courier's checkpoints, and commits to save."""

    def __init__(self, scratch: Scratch, mirror: Mirror, base: str) -> None:
        self.scratch = scratch
        self.mirror = mirror
        self.base = base
        self.refs = CheckpointRefs(mirror.plumbing, mirror.remote)

    async def commit(self, content: str) -> str:
        """Return a commit of the mirror whose one file says this, on the base."""
        made = self.scratch.commit({"work.txt": f"{content}\n"})
        self.scratch.push()
        await self.mirror.fetch()
        return made

    def line(self, attempt: str = "work-1.1", run: str = "fix") -> Line:
        return Line(run, attempt, self.base, BOT)


@pytest.fixture
def shop(scratch: Scratch, mirror: Mirror) -> Shop:
    return Shop(scratch, mirror, scratch.tip() or "")


async def test_checkpoints_of_an_attempt_follow_each_other_from_its_base(shop: Shop) -> None:
    commits = [await shop.commit(word) for word in ("one", "two")]
    kept = [
        await shop.refs.add(commit, line=shop.line(), at=AT + timedelta(seconds=place))
        for place, commit in enumerate(commits)
    ]
    assert [one.number for one in kept] == [1, 2]
    assert await shop.refs.newest("fix", "work-1.1") == kept[-1]
    assert await shop.refs.of("fix") == kept
    assert await shop.refs.base_of(kept[-1]) == shop.base
    trees = [await shop.mirror.tree(one.commit) for one in kept]
    assert trees == [await shop.mirror.tree(commit) for commit in commits]


async def test_the_same_tree_is_saved_once(shop: Shop) -> None:
    commit = await shop.commit("one")
    first = await shop.refs.add(commit, line=shop.line(), at=AT)
    again = await shop.refs.add(commit, line=shop.line(), at=AT + timedelta(minutes=1))
    assert first == again


async def test_attempts_and_lanes_are_kept_apart(shop: Shop) -> None:
    commit = await shop.commit("one")
    names = ["c1/work-1.1", "c2/work-1.1", "work-1.1"]
    for name in names:
        await shop.refs.add(commit, line=shop.line(name), at=AT)
    assert [one.attempt for one in await shop.refs.of("fix")] == names
    assert await shop.refs.of("fix-2") == []
    assert await shop.refs.newest("fix", "work-1.2") is None


async def test_who_lost_track_finds_the_place_again(shop: Shop, scratch: Scratch) -> None:
    one, two = await shop.commit("one"), await shop.commit("two")
    await shop.refs.add(one, line=shop.line(), at=AT)
    # Another life on another machine knows nothing of it.
    other = await scratch.mirror(folder=scratch.folder / "elsewhere").open()
    try:
        await other.fetch()
        theirs = CheckpointRefs(other.plumbing, other.remote)
        kept = await theirs.add(two, line=shop.line(), at=AT)
        assert kept.number == 2
    finally:
        await other.close()
    assert await shop.refs.newest("fix", "work-1.1") == kept


async def test_several_may_save_at_once_and_none_is_lost(shop: Shop) -> None:
    commits = [await shop.commit(word) for word in ("one", "two", "three")]
    lines = [shop.line(f"work-{number}.1") for number in range(1, 4)]
    kept = await asyncio.gather(
        *(
            shop.refs.add(commit, line=line, at=AT)
            for commit, line in zip(commits, lines, strict=True)
        )
    )
    assert sorted(one.attempt for one in await shop.refs.of("fix")) == [one.attempt for one in kept]


async def test_what_is_dropped_is_gone_here_and_there(shop: Shop) -> None:
    commit = await shop.commit("one")
    await shop.refs.add(commit, line=shop.line(), at=AT)
    await shop.refs.add(commit, line=shop.line(run="other"), at=AT)
    await shop.mirror.put_aside(commit, name="fix")
    hidden = await shop.refs.hidden()
    assert {*hidden.saved, *hidden.waiting} == {"fix", "other"}
    await shop.refs.drop([*hidden.saved["fix"], *hidden.waiting["fix"]])
    left = await shop.refs.hidden()
    assert (list(left.saved), list(left.waiting)) == (["other"], [])
    assert await shop.refs.newest("fix", "work-1.1") is None
    await shop.refs.drop([*hidden.saved["fix"], *hidden.saved["other"]])
    assert await shop.refs.of("other") == []


async def test_nothing_but_hidden_refs_is_dropped(shop: Shop) -> None:
    await shop.refs.drop(["refs/heads/main", "refs/courier/transcripts/2026-01"])
    await shop.mirror.fetch()
    assert (await shop.mirror.head("main")).branch == "main"


async def test_the_base_of_what_is_not_here_is_not_found(shop: Shop) -> None:
    lost = Checkpoint(attempt="work-1.1", number=1, commit="0" * 40, at=AT)
    with pytest.raises(NotFound):
        await shop.refs.base_of(lost)
