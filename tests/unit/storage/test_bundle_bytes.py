import subprocess
import zlib
from hashlib import sha1
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courier.diagnostics import Diagnostic
from courier.storage.gate.bundle import Bundle, PackLimits, judge_pack, read_header

REF = "refs/courier/out"
A, B = "a" * 40, "b" * 40
GOOD = f"# v2 git bundle\n-{A} base\n{B} {REF}\n\nPACK".encode()
LIMITS = PackLimits()


def test_a_good_header() -> None:
    found = read_header(GOOD, ref=REF)
    assert found == Bundle((A,), B, len(GOOD) - 4)
    assert isinstance(read_header(GOOD.replace(b" base", b""), ref=REF), Bundle)


@given(st.integers(0, len(GOOD) - 5), st.binary(min_size=0, max_size=3))
def test_no_damage_to_a_header_raises(at: int, bits: bytes) -> None:
    found = read_header(GOOD[:at] + bits + GOOD[at + len(bits) :], ref=REF)
    if isinstance(found, Bundle):
        assert len(found.head) == 40


@given(st.binary(max_size=300))
def test_any_bytes_are_judged(data: bytes) -> None:
    assert isinstance(read_header(data, ref=REF), Diagnostic | Bundle)
    assert isinstance(judge_pack(memoryview(data), LIMITS), Diagnostic)


def pack(*contents: bytes) -> bytes:
    body = b"PACK\0\0\0\2" + len(contents).to_bytes(4, "big")
    for content in contents:
        size = len(content)
        byte, size, head = 0x30 | (size & 15), size >> 4, bytearray()
        while size:
            head.append(byte | 0x80)
            byte, size = size & 0x7F, size >> 7
        head.append(byte)
        body += bytes(head) + zlib.compress(content)
    return body + sha1(body).digest()


@given(st.lists(st.binary(max_size=3000), max_size=6))
@settings(deadline=None)
def test_well_formed_packs_are_fine(contents: list[bytes]) -> None:
    assert judge_pack(memoryview(pack(*contents)), LIMITS) is None


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=3), st.data())
@settings(deadline=None)
def test_damaged_packs_never_raise(contents: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(pack(*contents))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    found = judge_pack(memoryview(bytes(whole)), LIMITS)
    assert found is None or found.code in ("BrokenPack", "TooLarge")


@given(st.lists(st.integers(0, 400), min_size=1, max_size=6))
@settings(deadline=None)
def test_limits_hold_to_the_byte(sizes: list[int]) -> None:
    whole = memoryview(pack(*(bytes(size) for size in sizes)))
    exact = PackLimits(len(sizes), max(sizes), sum(sizes))
    assert judge_pack(whole, exact) is None
    for tighter in (
        PackLimits(len(sizes) - 1, max(sizes), sum(sizes)),
        PackLimits(len(sizes), max(sizes) - 1, sum(sizes)),
        PackLimits(len(sizes), max(sizes), sum(sizes) - 1),
    ):
        found = judge_pack(whole, tighter)
        assert found is not None
        assert found.code == "TooLarge"


def test_a_pack_with_deltas_of_both_kinds(tmp_path: Path) -> None:
    def git(*args: str, stdin: bytes = b"") -> bytes:
        return subprocess.run(
            ["git", *args], cwd=tmp_path, input=stdin, check=True, capture_output=True
        ).stdout

    git("init", "-q")
    lines = [f"line {n}\n" * 3 for n in range(300)]
    ids = [
        git("hash-object", "-w", "--stdin", stdin="".join(lines[:n]).encode()).strip()
        for n in range(280, 300)
    ]
    for extra in ([], ["--delta-base-offset"]):
        made = git("pack-objects", "--stdout", "-q", *extra, stdin=b"\n".join(ids) + b"\n")
        assert len(made) < 20_000
        assert judge_pack(memoryview(made), LIMITS) is None
        found = judge_pack(memoryview(made), PackLimits(100, 5_000, 1 << 30))
        assert found is not None


@pytest.mark.parametrize("first", [b"# v1 git bundle", b"# v4 git bundle", b"#v2 git bundle", b""])
def test_other_versions(first: bytes) -> None:
    found = read_header(GOOD.replace(b"# v2 git bundle", first), ref=REF)
    assert isinstance(found, Diagnostic)
