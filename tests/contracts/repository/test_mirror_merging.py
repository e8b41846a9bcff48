"""Merging into the remote: by compare-and-swap, or where the branch is checked out."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from courier.errors import Conflict, Misconfigured, NotFound
from courier.ports.repository import Identity
from courier.storage.mirror import Mirror
from tests.contracts.scratch import Scratch, git

HANA = Identity("Hana", "hana@example.org")
MESSAGE = "Merge #1: x\n\nCourier-Proposal: 1\n"


async def _work(scratch: Scratch, mirror: Mirror, name: str, content: str = "x\n") -> str:
    """Push a branch ``work-<name>`` with one more file; leave the clone on main."""
    git("checkout", "-q", "-b", f"work-{name}", "main", cwd=scratch.human)
    commit = scratch.commit({name: content}, f"Add {name}")
    scratch.push(f"HEAD:refs/heads/work-{name}")
    git("checkout", "-q", "main", cwd=scratch.human)
    await mirror.fetch()
    return commit


async def test_a_merge_has_both_parents_and_the_human_as_author(
    scratch: Scratch, mirror: Mirror
) -> None:
    base = scratch.tip()
    head = await _work(scratch, mirror, "a")
    tip = await mirror.merge(head, into="main", message=MESSAGE, author=HANA)
    assert scratch.tip() == tip == (await mirror.head()).commit
    shown = git("show", "-s", "--format=%P|%an|%ce|%B", tip, cwd=scratch.origin)
    assert shown.strip() == f"{base} {head}|Hana|hana@example.org|{MESSAGE.strip()}"
    assert await mirror.merge(head, into="main", message=MESSAGE, author=HANA) == tip


async def test_a_squash_has_one_parent(scratch: Scratch, mirror: Mirror) -> None:
    base = scratch.tip()
    head = await _work(scratch, mirror, "a")
    tip = await mirror.merge(head, into="main", message=MESSAGE, author=HANA, squash=True)
    assert git("show", "-s", "--format=%P", tip, cwd=scratch.origin) == base
    assert git("show", f"{tip}:a", cwd=scratch.origin) == "x"


async def test_a_branch_that_moved_meanwhile_is_merged_as_it_is(
    scratch: Scratch, mirror: Mirror
) -> None:
    head = await _work(scratch, mirror, "a")
    moved = scratch.commit({"z": "z\n"})
    scratch.push()
    tip = await mirror.merge(head, into="main", message=MESSAGE, author=HANA)
    assert git("show", "-s", "--format=%P", tip, cwd=scratch.origin) == f"{moved} {head}"


async def test_merges_at_once_lose_nothing(scratch: Scratch, mirror: Mirror) -> None:
    heads = [await _work(scratch, mirror, f"f{number}") for number in range(5)]
    await asyncio.gather(
        *(mirror.merge(head, into="main", message=MESSAGE, author=HANA) for head in heads)
    )
    names = git("ls-tree", "--name-only", "main", cwd=scratch.origin).split()
    assert {f"f{number}" for number in range(5)} <= set(names)


async def test_conflicts_name_the_files(scratch: Scratch, mirror: Mirror) -> None:
    head = await _work(scratch, mirror, "README.md", "theirs\n")
    before = scratch.commit({"README.md": "ours\n"})
    scratch.push()
    with pytest.raises(Conflict, match=r"README\.md") as caught:
        await mirror.merge(head, into="main", message=MESSAGE, author=HANA)
    assert caught.value.next_step
    assert scratch.tip() == before


async def test_nobody_cannot_merge(scratch: Scratch, mirror: Mirror) -> None:
    head = await _work(scratch, mirror, "a")
    with pytest.raises(Misconfigured):
        await mirror.merge(head, into="main", message=MESSAGE, author=Identity("", ""))
    with pytest.raises(NotFound):
        await mirror.merge(head, into="nowhere", message=MESSAGE, author=HANA)


class TestTheUsersOwnFolderAsRemote:
    """The remote is a repository somebody works in, with ``main`` checked out."""

    @pytest.fixture
    async def mine(self, scratch: Scratch) -> AsyncIterator[Mirror]:
        mirror = await scratch.mirror(remote=scratch.human).open()
        await mirror.fetch()
        yield mirror
        await mirror.close()

    async def _head(self, scratch: Scratch, mirror: Mirror) -> str:
        head = await _work(scratch, mirror, "a")
        assert (await mirror.head()).branch == "main"
        return head

    async def test_a_clean_working_tree_moves_along(self, scratch: Scratch, mine: Mirror) -> None:
        head = await self._head(scratch, mine)
        (scratch.human / "untracked").write_text("mine")
        tip = await mine.merge(head, into="main", message=MESSAGE, author=HANA)
        assert git("rev-parse", "HEAD", cwd=scratch.human) == tip
        assert (scratch.human / "a").read_text() == "x\n"
        assert git("status", "--porcelain", cwd=scratch.human) == "?? untracked"
        assert git("for-each-ref", "refs/courier", cwd=scratch.human) == ""
        assert (await mine.head("main")).commit == tip

    async def test_changes_are_never_overwritten(self, scratch: Scratch, mine: Mirror) -> None:
        head = await self._head(scratch, mine)
        (scratch.human / "README.md").write_text("half done\n")
        before = git("rev-parse", "HEAD", cwd=scratch.human)
        with pytest.raises(Conflict) as caught:
            await mine.merge(head, into="main", message=MESSAGE, author=HANA)
        assert "stash" in caught.value.next_step
        assert (scratch.human / "README.md").read_text() == "half done\n"
        assert git("rev-parse", "HEAD", cwd=scratch.human) == before
        assert git("for-each-ref", "refs/courier", cwd=scratch.human) == ""

    async def test_an_untracked_file_in_the_way_stays(self, scratch: Scratch, mine: Mirror) -> None:
        head = await self._head(scratch, mine)
        (scratch.human / "a").write_text("mine\n")
        with pytest.raises(Conflict):
            await mine.merge(head, into="main", message=MESSAGE, author=HANA)
        assert (scratch.human / "a").read_text() == "mine\n"

    async def test_a_held_index_lock_is_a_conflict_that_passes(
        self, scratch: Scratch, mine: Mirror
    ) -> None:
        head = await self._head(scratch, mine)
        lock = scratch.human / ".git" / "index.lock"
        lock.write_text("")
        with pytest.raises(Conflict) as caught:
            await mine.merge(head, into="main", message=MESSAGE, author=HANA)
        assert "index.lock" in caught.value.detail
        lock.unlink()
        tip = await mine.merge(head, into="main", message=MESSAGE, author=HANA)
        assert git("rev-parse", "HEAD", cwd=scratch.human) == tip

    async def test_another_working_tree_that_has_the_branch_moves_along(
        self, scratch: Scratch, mine: Mirror
    ) -> None:
        head = await self._head(scratch, mine)
        git("checkout", "-q", "-b", "elsewhere", cwd=scratch.human)
        linked = scratch.folder / "linked tree"
        git("worktree", "add", "-q", str(linked), "main", cwd=scratch.human)
        tip = await mine.merge(head, into="main", message=MESSAGE, author=HANA)
        assert git("rev-parse", "HEAD", cwd=linked) == tip
        assert (linked / "a").exists()
        assert git("status", "--porcelain", cwd=linked) == ""

    async def test_a_branch_that_nobody_has_checked_out_is_pushed(
        self, scratch: Scratch, mine: Mirror
    ) -> None:
        head = await self._head(scratch, mine)
        git("checkout", "-q", "-b", "elsewhere", cwd=scratch.human)
        (scratch.human / "README.md").write_text("half done\n")
        tip = await mine.merge(head, into="main", message=MESSAGE, author=HANA)
        assert git("rev-parse", "main", cwd=scratch.human) == tip
        assert not (scratch.human / "a").exists()
        assert git("status", "--porcelain", cwd=scratch.human) == "M README.md"

    async def test_pushing_over_a_checked_out_branch_says_what_to_do(
        self, scratch: Scratch, mine: Mirror
    ) -> None:
        head = await self._head(scratch, mine)
        base = git("rev-parse", "main", cwd=scratch.human)
        with pytest.raises(Conflict) as caught:
            await mine.push(head, branch="main", expected=base)
        assert "checked out" in caught.value.summary
        assert git("rev-parse", "main", cwd=scratch.human) == base

    async def test_hooks_of_the_user_do_not_run_in_their_working_tree(
        self, scratch: Scratch, mine: Mirror
    ) -> None:
        head = await self._head(scratch, mine)
        hook = scratch.human / ".git" / "hooks" / "post-merge"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {scratch.folder}/ran\n")
        hook.chmod(0o755)
        await mine.merge(head, into="main", message=MESSAGE, author=HANA)
        assert not (scratch.folder / "ran").exists()
