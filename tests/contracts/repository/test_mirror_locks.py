"""Locks of git in the mirror and in a remote that is a folder: waited out, swept when dead."""

import asyncio
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from courier.errors import Unavailable
from courier.storage.git import Git, end
from courier.storage.locks import Patience
from courier.storage.mirror import Mirror
from courier.storage.refs import drop, rename
from tests.contracts.scratch import Scratch, git

REF = "refs/courier/runs/fix/1"
LOCKS = ["packed-refs.lock", f"{REF}.lock"]


def impatient(mirror: Mirror, *, seconds: float, stale_seconds: float) -> Git:
    """Return the mirror's git, which itself does not wait at all."""
    folder = mirror.plumbing.folder
    quick = mirror.plumbing.local.at(
        folder, "core.filesRefLockTimeout=0", "core.packedRefsTimeout=0"
    )
    return replace(quick, patience=Patience(folder, seconds, stale_seconds))


def tip_of(scratch: Scratch) -> str:
    tip = scratch.tip()
    assert tip is not None
    return tip


def locked(folder: Path, name: str) -> Path:
    lock = folder / name
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    return lock


@pytest.mark.parametrize("name", LOCKS)
async def test_a_held_lock_is_waited_out(mirror: Mirror, scratch: Scratch, name: str) -> None:
    patient = impatient(mirror, seconds=20, stale_seconds=20)
    await mirror.keep(tip_of(scratch), at=REF)
    lock = locked(mirror.plumbing.folder, name)
    deleting = asyncio.create_task(drop(patient, REF))
    await asyncio.sleep(0.3)
    assert not deleting.done()
    lock.unlink()
    await deleting
    assert await mirror.resolve(REF) is None


@pytest.mark.parametrize("name", LOCKS)
async def test_a_lock_nobody_holds_any_more_is_swept(
    mirror: Mirror, scratch: Scratch, name: str
) -> None:
    patient = impatient(mirror, seconds=20, stale_seconds=0.2)
    await mirror.keep(tip_of(scratch), at=REF)
    lock = locked(mirror.plumbing.folder, name)
    await drop(patient, REF)
    assert await mirror.resolve(REF) is None
    assert not lock.exists()


@pytest.mark.slow
async def test_a_lock_that_changes_hands_is_left_alone(mirror: Mirror, scratch: Scratch) -> None:
    patient = impatient(mirror, seconds=0.7, stale_seconds=0.4)
    await mirror.keep(tip_of(scratch), at=REF)
    lock = locked(mirror.plumbing.folder, "packed-refs.lock")
    deleting = asyncio.create_task(drop(patient, REF))
    for number in range(1, 20):
        os.utime(lock, (number, number))
        await asyncio.sleep(0.1)
        assert lock.exists()
    with pytest.raises(Unavailable, match="found a lock"):
        await deleting


async def test_locks_of_other_repositories_are_nobodys_to_sweep(
    mirror: Mirror, scratch: Scratch
) -> None:
    lock = locked(scratch.origin, "packed-refs.lock")
    elsewhere = replace(impatient(mirror, seconds=20, stale_seconds=0), folder=scratch.origin)
    begun = time.monotonic()
    with pytest.raises(Unavailable, match="found a lock"):
        await elsewhere.run("pack-refs", "--all")
    assert time.monotonic() - begun < 5
    assert lock.exists()


@pytest.mark.slow
async def test_a_locked_remote_is_waited_for(mirror: Mirror, scratch: Scratch) -> None:
    tip = tip_of(scratch)
    await mirror.push(tip, branch="work", expected=None)
    lock = locked(scratch.origin, "packed-refs.lock")
    deleting = asyncio.create_task(mirror.delete_branch("work"))
    # Longer than git waits unless it is told to.
    await asyncio.sleep(1.6)
    lock.unlink()
    await deleting
    assert "work" not in git("branch", cwd=scratch.origin)


async def test_a_command_that_is_given_up_takes_its_locks_along(
    mirror: Mirror, scratch: Scratch
) -> None:
    await mirror.keep(tip_of(scratch), at=REF)
    lock = mirror.plumbing.folder / f"{REF}.lock"
    process = await mirror.plumbing.local.start(["update-ref", "--stdin"])
    assert process.stdin is not None
    process.stdin.write(f"start\ndelete {REF}\nprepare\n".encode())
    await process.stdin.drain()
    while not lock.exists():
        await asyncio.sleep(0.01)
    await end(process)
    assert process.returncode in (-signal.SIGTERM, 128)
    assert not lock.exists()
    assert await mirror.resolve(REF) == tip_of(scratch)


async def test_many_refs_go_at_once_and_one_moves_whole(mirror: Mirror, scratch: Scratch) -> None:
    tip = tip_of(scratch)
    refs = [f"refs/courier/runs/fix/{number}" for number in range(30)]
    for ref in refs[:20]:
        await mirror.keep(tip, at=ref)
    await mirror.plumbing.local.run("pack-refs", "--all")
    await mirror.keep(tip, at=refs[20])
    await rename(mirror.plumbing.local, refs[0], to="refs/courier/runs/moved", commit=tip)
    await drop(mirror.plumbing.local, *refs)
    left = await mirror.plumbing.local.run("for-each-ref", "--format=%(refname)", "refs/courier/")
    assert left.text.split() == ["refs/courier/runs/moved"]
