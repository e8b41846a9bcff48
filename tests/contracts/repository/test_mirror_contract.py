"""What the `Repository` port promises, on real git."""

import io
import subprocess
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from courier.errors import Conflict, Misconfigured, Misused, NotFound, Unavailable
from courier.ports.repository import Identity, Repository
from courier.storage.commits import git_date
from courier.storage.mirror import Mirror
from tests.contracts.scratch import Scratch, git, make_scratch

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
        subprocess.run(["tar", "-x", "-C", copy], input=data, check=True)
        assert not [name for name in names if "hook" in name or "logs" in name]
        assert str(scratch.origin).encode() not in data
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


def test_dates_are_those_of_the_epoch() -> None:
    assert git_date(datetime(2026, 1, 2, 3, tzinfo=UTC)) == "1767322800 +0000"


async def test_assets_are_told_with_their_kind_and_content(
    scratch: Scratch, mirror: Mirror
) -> None:
    folder = scratch.human / "kit" / "deep"
    folder.mkdir(parents=True)
    (scratch.human / "kit" / "link").symlink_to("/etc/passwd")
    (folder / "run").write_bytes(b"\x00\xff")
    (folder / "run").chmod(0o755)
    commit = scratch.commit({"kit/a.md": "one\n", "kitten": "no\n"})
    scratch.push("HEAD:refs/heads/main")
    await mirror.fetch()
    found = await mirror.assets(commit, "kit")
    assert [(each.path, each.kind, each.size, each.content) for each in found] == [
        ("a.md", "file", 4, b"one\n"),
        ("deep/run", "executable", 2, b"\x00\xff"),
        ("link", "link", 11, b"/etc/passwd"),
    ]
    (alone,) = await mirror.assets(commit, "kit/a.md")
    assert (alone.path, alone.content) == ("", b"one\n")
    assert await mirror.assets(commit, "none") == []


async def test_too_many_assets_are_told_without_their_content(
    scratch: Scratch, mirror: Mirror
) -> None:
    commit = scratch.commit({f"many/{at}": "x" for at in range(201)})
    scratch.push("HEAD:refs/heads/main")
    await mirror.fetch()
    found = await mirror.assets(commit, "many")
    assert len(found) == 201
    assert {each.content for each in found} == {None}


async def test_commits_are_found_by_their_beginning(scratch: Scratch, mirror: Mirror) -> None:
    await mirror.fetch()
    tip = (await mirror.head()).commit
    assert await mirror.find_commit(tip) == tip
    assert await mirror.find_commit(tip[:7]) == tip
    for wrong in ("0" * 40, "main", "HEAD", tip[:4], "../x"):
        assert await mirror.find_commit(wrong) is None


async def test_versions_of_a_file_are_told_newest_first(scratch: Scratch, mirror: Mirror) -> None:
    first = scratch.commit({"notes [a].md": "1"})
    scratch.commit({"other": "2"})
    third = scratch.commit({"notes [a].md": "3"})
    scratch.push("HEAD:refs/heads/main")
    await mirror.fetch()
    found = await mirror.versions("notes [a].md", tip=third)
    assert [each.commit for each in found] == [third, first]
    assert all(each.author and each.subject and each.at.tzinfo is UTC for each in found)
    assert await mirror.versions("none", tip=third) == []


async def test_equal_files_have_equal_trees_whatever_the_history(
    scratch: Scratch, mirror: Mirror
) -> None:
    first = (await mirror.head()).commit
    scratch.commit({"README.md": "more\n"})
    last = scratch.commit({"README.md": "hello\n"})
    scratch.push()
    await mirror.fetch()
    assert await mirror.tree(first) == await mirror.tree(last) != last
    with pytest.raises(NotFound):
        await mirror.tree("0" * 40)


async def test_who_changed_a_file_last_is_told_as_of_a_commit(
    scratch: Scratch, mirror: Mirror
) -> None:
    first = (await mirror.head()).commit
    last = scratch.commit({"src/a.py": "a = 2\n", "*.odd": "x"})
    scratch.push()
    await mirror.fetch()
    person = await mirror.author("src/a.py", at=first)
    assert person is not None
    told = git("log", "-1", "--format=%an <%ae>", last, cwd=scratch.human)
    assert f"{person.name} <{person.email}>" == told
    assert await mirror.author("*.odd", at=first) is None
    assert await mirror.author("*.odd", at=last) == person
    assert await mirror.author("nothing", at=last) is None


async def test_sizes_are_told_without_reading(mirror: Mirror) -> None:
    files = await mirror.files((await mirror.head()).commit, "")
    assert await mirror.sizes([files["README.md"], files["src/a.py"]]) == [6, 6]
    assert await mirror.sizes([]) == []
    with pytest.raises(NotFound):
        await mirror.sizes(["0" * 40])


async def test_what_is_put_aside_is_on_no_branch_and_replaces_what_was_there(
    scratch: Scratch, mirror: Mirror
) -> None:
    first = (await mirror.head()).commit
    second = scratch.commit({"README.md": "more\n"})
    scratch.push("HEAD:refs/heads/next")
    await mirror.fetch()
    for commit in (first, first, second, first):
        ref = await mirror.put_aside(commit, name="fix")
        assert git("rev-parse", ref, cwd=scratch.origin) == commit
    heads = git("for-each-ref", "--format=%(refname)", "refs/heads", cwd=scratch.origin)
    assert heads.split() == ["refs/heads/main", "refs/heads/next"]


async def test_files_listed_again_are_those_of_a_fresh_look(
    mirror: Mirror, scratch: Scratch
) -> None:
    changes: list[dict[str, str | bytes | None]] = [
        {"README.md": "more\n"},
        {".courier/runs/a.yaml": "a\n", ".courier/é ü/b\tc.yaml": "b\n"},
        {".courier/runs/a.yaml": None, "src/a.py": None},
        {".courier/more": "a file\n"},
        {".courier/more": None, ".courier/more/z.yaml": "z\n", "src/b.py": "b\n"},
    ]
    commits = [await tip(mirror)]
    for change in changes:
        commits.append(scratch.commit(change))
        scratch.push()
    await mirror.fetch()
    for commit in [*commits, *reversed(commits), commits[0], commits[-1]]:
        fresh = await scratch.mirror().open()
        for prefix in ("", ".courier"):
            told = await mirror.files(commit, prefix)
            assert dict(told) == dict(await fresh.files(commit, prefix))
        await fresh.close()


async def tip(mirror: Mirror) -> str:
    return (await mirror.head()).commit
