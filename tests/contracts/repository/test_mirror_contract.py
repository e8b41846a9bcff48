"""What the `Repository` port promises, on real git."""

import gzip
import io
import os
import signal
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from courier.errors import Conflict, Misconfigured, Misused, NotFound, Unavailable
from courier.ports.repository import Identity, Repository
from courier.storage.mirror import Mirror
from tests.contracts.scratch import GIT_ENV, Scratch, git, make_scratch

HANA = Identity("Hana", "hana@example.org")


async def test_the_mirror_is_a_repository(mirror: Mirror) -> None:
    repository: Repository = mirror
    assert (await repository.head()).branch == "main"


async def test_fetch_follows_every_branch_and_forgets_deleted_ones(
    scratch: Scratch, mirror: Mirror
) -> None:
    first = scratch.tip()
    second = scratch.commit({"README.md": "more\n"})
    scratch.push("HEAD:refs/heads/feature/x")
    await mirror.fetch()
    assert (await mirror.head()).commit == first
    assert (await mirror.head("feature/x")).commit == second
    git("push", "-q", "origin", ":feature/x", cwd=scratch.human)
    scratch.push("HEAD:refs/heads/feature")
    await mirror.fetch()
    assert (await mirror.head("feature")).commit == second
    with pytest.raises(NotFound):
        await mirror.head("feature/x")


async def test_the_default_branch_is_what_the_remote_says(tmp_path: Path) -> None:
    scratch = make_scratch(tmp_path)
    git("symbolic-ref", "HEAD", "refs/heads/trunk", cwd=scratch.origin)
    scratch.commit({"a": "1"})
    scratch.push("HEAD:refs/heads/trunk")
    mirror = await scratch.mirror().open()
    try:
        await mirror.fetch()
        assert (await mirror.head()).branch == "trunk"
        git("branch", "-m", "trunk", "main", cwd=scratch.origin)
        await mirror.fetch()
        assert (await mirror.head()).branch == "main"
    finally:
        await mirror.close()


async def test_an_empty_remote_has_no_head_until_it_has(tmp_path: Path) -> None:
    scratch = make_scratch(tmp_path)
    mirror = await scratch.mirror().open()
    try:
        await mirror.fetch()
        with pytest.raises(NotFound):
            await mirror.head()
        scratch.commit({"a": "1"})
        scratch.push()
        await mirror.fetch()
        assert (await mirror.head()).branch == "main"
    finally:
        await mirror.close()


async def test_files_are_the_regular_files_under_a_folder(scratch: Scratch, mirror: Mirror) -> None:
    (scratch.human / ".courier" / "link").symlink_to("project.yaml")
    commit = scratch.commit({".courier/é/deep file.md": "x", ".courierx/other": "no"})
    scratch.push()
    await mirror.fetch()
    files = await mirror.files(commit, ".courier")
    assert sorted(files) == [".courier/project.yaml", ".courier/é/deep file.md"]
    assert await mirror.read([files[".courier/é/deep file.md"]] * 2) == [b"x", b"x"]
    assert len(await mirror.files(commit, "")) == 5
    assert await mirror.files(commit, "nothing") == {}


async def test_reading_many_and_large_blobs_in_one_batch(scratch: Scratch, mirror: Mirror) -> None:
    contents = {f"big/{i}": bytes([i % 251]) * (i * 1000) for i in range(200)}
    commit = scratch.commit(contents)
    scratch.push()
    await mirror.fetch()
    files = await mirror.files(commit, "big")
    assert await mirror.read([files[path] for path in contents]) == list(contents.values())


async def test_a_missing_blob_is_not_found_and_the_reader_lives_on(
    scratch: Scratch, mirror: Mirror
) -> None:
    with pytest.raises(NotFound):
        await mirror.read(["0" * 39 + "1"])
    files = await mirror.files((await mirror.head()).commit, "")
    assert await mirror.read([files["README.md"]]) == [b"hello\n"]


async def test_a_killed_reader_is_started_again(mirror: Mirror) -> None:
    commit = (await mirror.head()).commit
    process = mirror.plumbing.reader._process
    assert process is not None
    process.kill()
    await process.wait()
    assert await mirror.resolve("refs/remotes/origin/main") == commit


class TestExport:
    async def test_it_is_a_repository_detached_at_the_commit_with_no_way_out(
        self, scratch: Scratch, mirror: Mirror, tmp_path: Path
    ) -> None:
        for number in range(4):
            scratch.commit({"README.md": f"{number}\n"}, f"number {number}")
        scratch.push()
        await mirror.fetch()
        head = await mirror.head()
        data = await mirror.export(head.commit, depth=2)
        copy = tmp_path / "copy"
        copy.mkdir()
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            names = tar.getnames()
            tar.extractall(copy, filter="data")
        assert not [name for name in names if "hook" in name or "logs" in name]
        assert str(scratch.origin).encode() not in gzip.decompress(data)
        assert git("reset", "--hard", "-q", cwd=copy) == ""
        assert git("rev-parse", "HEAD", cwd=copy) == head.commit
        assert git("rev-parse", "--abbrev-ref", "HEAD", cwd=copy) == "HEAD"
        assert git("remote", cwd=copy) == ""
        assert git("log", "--format=%s", cwd=copy) == "number 3\nnumber 2"
        assert git("fsck", "--full", cwd=copy) == ""
        assert (copy / "README.md").read_text() == "3\n"
        assert git("status", "--porcelain", cwd=copy) == ""

    async def test_the_same_commit_gives_the_same_bytes(self, mirror: Mirror) -> None:
        commit = (await mirror.head()).commit
        assert await mirror.export(commit) is await mirror.export(commit)
        assert list((mirror.plumbing.scratch).iterdir()) == []

    async def test_a_commit_unknown_here_is_not_found(self, mirror: Mirror) -> None:
        with pytest.raises(NotFound):
            await mirror.export("1" * 40)
        with pytest.raises(Misused):
            await mirror.export("--upload-pack=touch /tmp/x")


class TestPush:
    async def test_a_new_branch_then_a_lease(self, scratch: Scratch, mirror: Mirror) -> None:
        base = (await mirror.head()).commit
        made = await mirror.squash(base, onto=base, message="empty", author=HANA)
        await mirror.push(base, branch="courier/x", expected=None)
        await mirror.push(base, branch="courier/x", expected=None)
        await mirror.push(made, branch="courier/x", expected=base)
        await mirror.push(made, branch="courier/x", expected=base)
        assert scratch.tip("courier/x") == made
        with pytest.raises(Conflict):
            await mirror.push(base, branch="courier/x", expected=base)
        with pytest.raises(Conflict):
            await mirror.push(base, branch="courier/x", expected=None)
        assert scratch.tip("courier/x") == made

    async def test_history_may_be_replaced_under_the_lease(
        self, scratch: Scratch, mirror: Mirror
    ) -> None:
        base = (await mirror.head()).commit
        one = await mirror.squash(base, onto=base, message="one", author=HANA)
        two = await mirror.squash(base, onto=base, message="two", author=HANA)
        await mirror.push(one, branch="b", expected=None)
        await mirror.push(two, branch="b", expected=one)
        assert scratch.tip("b") == two

    async def test_a_declining_remote_is_a_matter_of_set_up(
        self, scratch: Scratch, mirror: Mirror
    ) -> None:
        hook = scratch.origin / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'GH006: Protected branch update failed' >&2\nexit 1\n")
        hook.chmod(0o755)
        with pytest.raises(Misconfigured) as caught:
            await mirror.push((await mirror.head()).commit, branch="b", expected=None)
        assert "GH006" in caught.value.detail
        assert caught.value.next_step

    async def test_a_missing_remote_is_a_matter_of_set_up(
        self, scratch: Scratch, mirror: Mirror
    ) -> None:
        scratch.origin.rename(scratch.folder / "gone")
        with pytest.raises(Misconfigured):
            await mirror.fetch()
        with pytest.raises(Misconfigured):
            await mirror.push((await mirror.head()).commit, branch="b", expected=None)

    async def test_an_unreachable_remote_may_come_back(self, scratch: Scratch) -> None:
        mirror = scratch.mirror(remote=Path("/x"))
        mirror = Mirror(
            scratch.state, remote="http://127.0.0.1:9/x.git", clock=mirror.plumbing.clock
        )
        await mirror.open()
        with pytest.raises(Unavailable):
            await mirror.fetch()
        await mirror.close()

    async def test_names_that_git_would_read_as_options_are_misuse(self, mirror: Mirror) -> None:
        commit = (await mirror.head()).commit
        for branch in ("-x", "a..b", "refs/heads/x", "", "a b", "x.lock", "a\nb", "@{u}"):
            with pytest.raises(Misused):
                await mirror.push(commit, branch=branch, expected=None)
        with pytest.raises(NotFound):
            await mirror.push("2" * 40, branch="ok", expected=None)

    async def test_deleting_a_branch_twice(self, scratch: Scratch, mirror: Mirror) -> None:
        base = (await mirror.head()).commit
        await mirror.push(base, branch="courier/x", expected=None)
        await mirror.fetch()
        await mirror.delete_branch("courier/x")
        await mirror.delete_branch("courier/x")
        assert scratch.tip("courier/x") is None
        with pytest.raises(NotFound):
            await mirror.head("courier/x")


async def test_squash_is_deterministic_and_by_its_author(scratch: Scratch, mirror: Mirror) -> None:
    base = (await mirror.head()).commit
    scratch.commit({"b": "1"})
    tip = scratch.commit({"c": "2"})
    scratch.push("HEAD:refs/heads/work")
    await mirror.fetch()
    author = Identity("Ada", "ada@example.org")
    one = await mirror.squash(tip, onto=base, message="both\n", author=author)
    assert one == await mirror.squash(tip, onto=base, message="both\n", author=author)
    shown = git("show", "-s", "--format=%an|%ae|%cn|%ct|%P|%T|%B", one, cwd=mirror.plumbing.folder)
    tree = git("rev-parse", f"{tip}^{{tree}}", cwd=scratch.human)
    assert shown.strip() == f"Ada|ada@example.org|courier|1767322800|{base}|{tree}|both"


async def test_diff_is_from_the_merge_base(scratch: Scratch, mirror: Mirror) -> None:
    old = (await mirror.head()).commit
    work = scratch.commit({"b.txt": "one\n"})
    scratch.push("HEAD:refs/heads/work")
    git("reset", "-q", "--hard", old, cwd=scratch.human)
    main = scratch.commit({"c.txt": "two\n"})
    scratch.push()
    await mirror.fetch()
    diff = await mirror.diff(main, work)
    assert "+one" in diff
    assert "c.txt" not in diff
    assert await mirror.diff(work, work) == ""


async def test_contains_sees_ancestors_squashes_and_cherry_picks(
    scratch: Scratch, mirror: Mirror
) -> None:
    base = (await mirror.head()).commit
    scratch.commit({"b": "1"})
    work = scratch.commit({"b": "1\n2\n"})
    scratch.push("HEAD:refs/heads/work")
    git("reset", "-q", "--hard", base, cwd=scratch.human)
    other = scratch.commit({"z": "9"})
    scratch.push("HEAD:refs/heads/other")
    squashed = scratch.commit({"b": "1\n2\n"})
    scratch.push("HEAD:refs/heads/squashed")
    await mirror.fetch()
    assert await mirror.contains(base, tip=work)
    assert await mirror.contains(work, tip=squashed)
    assert not await mirror.contains(work, tip=other)


async def test_trailers_are_found_only_beyond_and_only_together(
    scratch: Scratch, mirror: Mirror
) -> None:
    base = (await mirror.head()).commit
    scratch.commit({"b": "1"}, "x\n\nCourier-Proposal: 7\nCourier-Run: other\n")
    told = scratch.commit({"b": "2"}, "x\n\nCourier-Run: r\nCourier-Proposal: 7\n")
    tip = scratch.commit({"b": "3"}, "Courier-Proposal: 7 and\nCourier-Run: r in prose\n\nmore")
    scratch.push()
    await mirror.fetch()
    wanted = {"Courier-Proposal": "7", "Courier-Run": "r"}
    assert await mirror.find_trailers(wanted, tip=tip, beyond=base) == told
    assert await mirror.find_trailers(wanted, tip=tip, beyond=told) is None


class TestNotTouchingWhatIsNotOurs:
    async def test_inherited_variables_and_user_settings_do_not_reach_git(
        self, scratch: Scratch, tmp_path: Path
    ) -> None:
        program = tmp_path / "fetch.py"
        program.write_text(
            "import asyncio, sys\nfrom pathlib import Path\n"
            "from courier.storage.mirror import Mirror\nfrom courier.system import SystemClock\n"
            "async def main():\n"
            "    mirror = Mirror(Path(sys.argv[1]), remote=sys.argv[2], clock=SystemClock())\n"
            "    await mirror.open()\n    await mirror.fetch()\n"
            "    print((await mirror.head()).commit)\n    await mirror.close()\n"
            "asyncio.run(main())\n"
        )
        hostile = {
            **GIT_ENV,
            "HOME": str(tmp_path),
            "GIT_DIR": str(scratch.human / ".git"),
            "GIT_INDEX_FILE": "/nonexistent/index",
            "GIT_OBJECT_DIRECTORY": "/nonexistent/objects",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "core.hooksPath",
            "GIT_CONFIG_VALUE_0": str(tmp_path),
        }
        (tmp_path / ".gitconfig").write_text('[url "/nonexistent"]\n\tinsteadOf = /\n')
        done = subprocess.run(
            [sys.executable, str(program), str(scratch.state), str(scratch.origin)],
            env=hostile,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == scratch.tip(), done.stderr

    async def test_what_a_kill_left_behind_is_swept_at_open(self, scratch: Scratch) -> None:
        mirror = await scratch.mirror().open()
        await mirror.fetch()
        await mirror.close()
        inside = mirror.plumbing.folder
        litter = [
            inside / "packed-refs.lock",
            inside / "refs" / "remotes" / "origin" / "main.lock",
            inside / "objects" / "pack" / "tmp_pack_x",
            inside / "objects" / "17" / "tmp_obj_x",
            mirror.plumbing.scratch / "gate-x" / "deep",
        ]
        for path in litter:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        again = await scratch.mirror().open()
        assert not [path for path in litter if path.exists()]
        await again.fetch()
        await again.close()

    async def test_a_live_process_keeps_its_locks(self, scratch: Scratch, mirror: Mirror) -> None:
        lock = mirror.plumbing.folder / "packed-refs.lock"
        lock.write_text("")
        beside = await scratch.mirror().open()
        assert lock.exists()
        os.utime(lock, (0, 0))
        await beside.close()
        third = await scratch.mirror().open()
        assert not lock.exists()
        await third.close()

    async def test_a_changed_remote_is_taken_up(self, scratch: Scratch, tmp_path: Path) -> None:
        first = await scratch.mirror().open()
        await first.close()
        scratch.origin.rename(tmp_path / 'odd "name" \\ here.git')
        moved = await scratch.mirror(remote=tmp_path / 'odd "name" \\ here.git').open()
        await moved.fetch()
        assert (await moved.head()).branch == "main"
        await moved.close()

    @pytest.mark.parametrize("url", ["", "-x", "relative/path", "a\nb:c"])
    async def test_a_malformed_remote_is_refused(self, scratch: Scratch, url: str) -> None:
        mirror = Mirror(scratch.state, remote=url, clock=scratch.mirror().plumbing.clock)
        with pytest.raises(Misconfigured):
            await mirror.open()


async def test_a_git_that_hangs_is_killed_with_its_children(
    scratch: Scratch, mirror: Mirror, tmp_path: Path
) -> None:
    from courier.storage.git import Limits

    with pytest.raises(Unavailable):
        await mirror.plumbing.local.run("cat-file", "--batch", limits=Limits(seconds=0.0))
    pid_file = tmp_path / "pid"
    slow = mirror.plumbing.local.at(scratch.human, f"alias.slow=!echo $$ > {pid_file}; sleep 60")
    with pytest.raises(Unavailable, match="did not end"):
        await slow.run("slow", limits=Limits(seconds=0.3))
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), signal.SIG_DFL)


def test_dates_are_those_of_the_epoch() -> None:
    from courier.storage.commits import git_date

    assert git_date(datetime(2026, 1, 2, 3, tzinfo=UTC)) == "1767322800 +0000"
