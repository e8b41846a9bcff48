"""What the `StateBranch` port promises, on real git."""

import asyncio
import json

import pytest

from courier.errors import Misconfigured, Misused
from courier.ports.state import AppendLine, Change, Changed, DeleteFile, SwapFile, WriteFile
from courier.ports.state import StateBranch as Port
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from tests.contracts.scratch import Scratch, git

PATH = "2026/11/21/fix-auth/write-1.jsonl.zst"


def line(key: str, value: int = 1) -> AppendLine:
    return AppendLine("usage/2026-11.jsonl", json.dumps({"key": key, "v": value}).encode(), key)


def count(scratch: Scratch, ref: str = "courier/state") -> int:
    return int(git("rev-list", "--count", ref, cwd=scratch.origin))


async def test_it_begins_on_a_remote_without_the_branch(
    scratch: Scratch, state: StateBranch
) -> None:
    port: Port = state
    assert await port.paths("") == []
    assert await port.read(["a"]) == {}
    await port.write(
        [WriteFile("runs/a.json", b"{}\n"), WriteFile("b", b"\0\xff")], message="First"
    )
    assert await port.paths("") == ["b", "runs/a.json"]
    assert await port.paths("runs") == ["runs/a.json"]
    assert await port.read(["b", "runs/a.json", "c"]) == {"b": b"\0\xff", "runs/a.json": b"{}\n"}
    assert git("show", "courier/state:runs/a.json", cwd=scratch.origin) == "{}"
    assert git("merge-base", "--all", "main", "main", cwd=scratch.origin) == scratch.tip()
    assert git("log", "--format=%an <%ae>|%B", "courier/state", cwd=scratch.origin).split() == [
        "courier",
        "<courier@localhost>|First",
        "[skip",
        "ci]",
    ]
    assert git("fsck", "--full", "--strict", cwd=scratch.origin) == ""


async def test_on_an_empty_remote(scratch: Scratch, state: StateBranch) -> None:
    git("update-ref", "-d", "refs/heads/main", cwd=scratch.origin)
    await state.write([WriteFile("a", b"1")], message="x")
    assert await state.paths("") == ["a"]


async def test_the_same_again_makes_no_commit(scratch: Scratch, state: StateBranch) -> None:
    changes: list[Change] = [
        WriteFile("a/b", b"1"),
        line("k"),
        DeleteFile("gone"),
        SwapFile("s", b"2"),
    ]
    for _ in range(3):
        await state.write(changes, message="x")
    assert count(scratch) == 1


async def test_lines_are_unique_by_key(state: StateBranch) -> None:
    await state.write([line("a"), line("b"), line("a", 2)], message="x")
    await state.write([line("b", 3), line("c")], message="x")
    await state.write([line('quo"te\u00e9'), line('quo"te\u00e9', 2)], message="x")
    content = (await state.read(["usage/2026-11.jsonl"]))["usage/2026-11.jsonl"]
    rows = [json.loads(row) for row in content.splitlines()]
    assert [(row["key"], row["v"]) for row in rows] == [
        ("a", 1),
        ("b", 1),
        ("c", 1),
        ('quo"te\u00e9', 1),
    ]


async def test_a_swap_takes_place_only_on_what_it_expects(state: StateBranch) -> None:
    await state.write([SwapFile("a", b"1")], message="x")
    await state.write([SwapFile("a", b"2")], message="x")
    assert (await state.read(["a"]))["a"] == b"1"
    await state.write([SwapFile("a", b"2", was=b"1")], message="x")
    await state.write([SwapFile("a", b"3", was=b"1")], message="x")
    assert (await state.read(["a"]))["a"] == b"2"


async def test_what_changed_meanwhile_is_not_deleted(state: StateBranch) -> None:
    await state.write([WriteFile("a", b"1"), WriteFile("b", b"1")], message="x")
    await state.write([DeleteFile("a", was=b"1"), DeleteFile("b", was=b"0")], message="x")
    assert await state.read(["a", "b"]) == {"b": b"1"}


async def test_deleting_leaves_no_empty_folders(scratch: Scratch, state: StateBranch) -> None:
    await state.write([WriteFile("a/b/c", b"1"), WriteFile("d", b"1")], message="x")
    await state.write([DeleteFile("a/b/c")], message="x")
    assert await state.paths("") == ["d"]
    assert git("ls-tree", "-r", "-t", "--name-only", "courier/state", cwd=scratch.origin) == "d"
    await state.write([DeleteFile("d")], message="x")
    assert await state.paths("") == []
    assert git("fsck", "--full", cwd=scratch.origin) == ""


async def test_writers_in_one_process_share_commits(scratch: Scratch, state: StateBranch) -> None:
    await asyncio.gather(
        *(
            state.write([line(f"k{n}"), WriteFile(f"r/{n}", b"x")], message=f"m{n}")
            for n in range(50)
        )
    )
    assert len(await state.paths("r")) == 50
    assert count(scratch) <= 3
    assert "- m49" in git("log", "-1", "--format=%B", "courier/state", cwd=scratch.origin)


async def test_a_bad_change_harms_nobody_who_writes_beside_it(
    scratch: Scratch, state: StateBranch
) -> None:
    await state.write([WriteFile("a/b", b"1")], message="x")
    bad = (
        [WriteFile("c", b"lost"), WriteFile("a/b/under", b"1")],
        [WriteFile("a", b"1")],
        [WriteFile("../x", b"1")],
        [WriteFile("/x", b"1")],
        [WriteFile("x/.git/hooks", b"1")],
        [WriteFile("new", b"1"), WriteFile("new/under", b"1")],
        [AppendLine("l", b'{"key":\n1}', "1")],
    )
    results = await asyncio.gather(
        *(state.write(changes, message="bad") for changes in bad),
        state.write([WriteFile("fine", b"1")], message="good"),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [Misused] * len(bad) + [type(None)]
    assert await state.paths("") == ["a/b", "fine"]
    assert git("fsck", "--full", "--strict", cwd=scratch.origin) == ""


async def test_two_mirrors_replay_on_each_other(scratch: Scratch, state: StateBranch) -> None:
    other_mirror = await scratch.mirror(folder=scratch.folder / "other").open()
    other = StateBranch(other_mirror)
    await asyncio.gather(
        *(state.write([line(f"a{n}")], message="a") for n in range(5)),
        *(other.write([line(f"b{n}")], message="b") for n in range(5)),
    )
    await asyncio.gather(
        *(
            one.write([line(f"{who}{n}")], message="x")
            for n in range(5)
            for who, one in (("c", state), ("d", other))
        )
    )
    await state.refresh()
    content = (await state.read(["usage/2026-11.jsonl"]))["usage/2026-11.jsonl"]
    assert len(content.splitlines()) == 20
    await other.close()
    await other_mirror.close()


async def test_two_processes_may_share_one_mirror(scratch: Scratch, state: StateBranch) -> None:
    beside_mirror = await scratch.mirror().open()
    beside = StateBranch(beside_mirror)
    for number in range(4):
        await asyncio.gather(
            state.write([line(f"a{number}")], message="a"),
            beside.write([line(f"b{number}")], message="b"),
            beside_mirror.fetch(),
        )
    await state.refresh()
    content = (await state.read(["usage/2026-11.jsonl"]))["usage/2026-11.jsonl"]
    assert len(content.splitlines()) == 8
    await beside.close()
    await beside_mirror.close()


async def test_refresh_shows_what_others_wrote(scratch: Scratch, state: StateBranch) -> None:
    await state.write([WriteFile("a", b"1")], message="x")
    git("fetch", "-q", "origin", "courier/state", cwd=scratch.human)
    git("checkout", "-q", "FETCH_HEAD", cwd=scratch.human)
    scratch.commit({"by-hand": "2"})
    scratch.push("HEAD:refs/heads/courier/state")
    await state.refresh()
    assert await state.paths("") == ["a", "by-hand"]
    await state.write([WriteFile("c", b"3")], message="x")
    assert await state.paths("") == ["a", "by-hand", "c"]


async def test_a_branch_deleted_by_hand_begins_anew(scratch: Scratch, state: StateBranch) -> None:
    await state.write([WriteFile("a", b"1")], message="x")
    git("update-ref", "-d", "refs/heads/courier/state", cwd=scratch.origin)
    await state.write([WriteFile("b", b"1")], message="x")
    assert await state.paths("") == ["b"]
    git("update-ref", "-d", "refs/heads/courier/state", cwd=scratch.origin)
    await state.refresh()
    assert await state.paths("") == []


async def test_a_declining_remote_is_a_matter_of_set_up(
    scratch: Scratch, state: StateBranch
) -> None:
    hook = scratch.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Misconfigured):
        await state.write([WriteFile("a", b"1")], message="x")
    hook.unlink()
    await state.write([WriteFile("a", b"1")], message="x")
    assert count(scratch) == 1


async def test_a_human_on_the_default_branch_is_never_in_the_way(
    scratch: Scratch, state: StateBranch
) -> None:
    async def person() -> None:
        for number in range(5):
            await asyncio.to_thread(scratch.commit, {"README.md": f"{number}\n"})
            await asyncio.to_thread(scratch.push)

    await asyncio.gather(person(), *(state.write([line(str(n))], message="x") for n in range(20)))
    assert git("log", "-1", "--format=%s", "main", cwd=scratch.origin) == "Change"


async def test_a_callers_change_of_mind_harms_nobody(state: StateBranch) -> None:
    doomed = asyncio.ensure_future(state.write([WriteFile("a", b"1")], message="x"))
    await asyncio.sleep(0)
    doomed.cancel()
    await state.write([WriteFile("b", b"1")], message="x")
    assert "b" in await state.paths("")


class TestTranscripts:
    async def test_kept_apart_compressed_and_found_again(
        self, scratch: Scratch, state: StateBranch, mirror: Mirror
    ) -> None:
        content = b'{"kind":"text","text":"hello"}\n' * 500
        other = PATH.replace("write-1", "journal")
        kept = await state.keep_transcripts({PATH: content, other: b"{}"})
        assert await state.keep_transcripts({PATH: content}) == {PATH: kept[PATH]}
        blob = kept[PATH]
        assert await state.read_transcript(PATH) == content
        assert await state.read_transcript(other) == b"{}"
        ref = "refs/courier/transcripts/2026-11"
        assert git("rev-parse", f"{ref}:{PATH}", cwd=scratch.origin) == blob
        assert count(scratch, ref) == 1
        assert len((await mirror.read([blob]))[0]) < 200
        assert await state.paths("") == []

    async def test_another_mirror_fetches_them_only_when_asked(
        self, scratch: Scratch, state: StateBranch
    ) -> None:
        await state.keep_transcripts({PATH: b"abc"})
        other_mirror = await scratch.mirror(folder=scratch.folder / "other").open()
        other = StateBranch(other_mirror)
        await other_mirror.fetch()
        assert await other_mirror.resolve("refs/courier/transcripts/2026-11") is None
        assert await other.read_transcript(PATH) == b"abc"
        later = PATH.replace("write-1", "write-2")
        await state.keep_transcripts({later: b"def"})
        assert await other.read_transcript(later) == b"def"
        assert await other.read_transcript(PATH.replace("11", "12")) is None
        await other_mirror.close()

    async def test_a_clone_does_not_fetch_them(self, scratch: Scratch, state: StateBranch) -> None:
        await state.keep_transcripts({PATH: b"abc"})
        clone = scratch.folder / "clone"
        git("clone", "-q", f"file://{scratch.origin}", str(clone), cwd=scratch.folder)
        assert "transcripts" not in git("for-each-ref", cwd=clone)

    async def test_months_are_not_mixed(self, state: StateBranch) -> None:
        with pytest.raises(Misused):
            await state.keep_transcripts({PATH: b"", PATH.replace("2026/11", "2026/12"): b""})

    @pytest.mark.parametrize("path", ["x.jsonl.zst", "2026/11/../../a.jsonl.zst", "2026/1/1/r/s"])
    async def test_other_paths_are_misuse(self, state: StateBranch, path: str) -> None:
        with pytest.raises(Misused):
            await state.keep_transcripts({path: b""})


class TestWhatChanged:
    async def test_only_what_differs_since_a_tip_is_told(self, state: StateBranch) -> None:
        assert await state.tip() is None
        assert await state.changed("runs", since=None) == Changed((), whole=True)
        first = [WriteFile(f"runs/a/{n}/run.json", b"1") for n in range(3)]
        await state.write([*first, WriteFile("usage/x", b"1")], message="x")
        tip = await state.tip()
        assert await state.changed("runs", since=tip) == Changed(())
        whole = await state.changed("runs", since=None)
        assert (len(whole.there), whole.whole) == (3, True)
        await state.write(
            [
                WriteFile("runs/a/0/run.json", b"2"),
                WriteFile("runs/b/9/run.json", b"1"),
                DeleteFile("runs/a/1/run.json"),
                WriteFile("usage/x", b"2"),
            ],
            message="y",
        )
        found = await state.changed("runs", since=tip)
        assert found == Changed(
            there=("runs/a/0/run.json", "runs/b/9/run.json"), gone=("runs/a/1/run.json",)
        )
        assert await state.changed("runs", since=await state.tip()) == Changed(())

    async def test_very_much_is_told_as_everything(self, state: StateBranch) -> None:
        await state.write([WriteFile("runs/a", b"1")], message="x")
        tip = await state.tip()
        many = [WriteFile(f"runs/{n % 200}/{n}", b"1") for n in range(20_001)]
        await state.write(many, message="y")
        found = await state.changed("runs", since=tip)
        assert (len(found.there), found.whole) == (20_002, True)
