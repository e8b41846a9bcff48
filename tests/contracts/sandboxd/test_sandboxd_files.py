"""Files in and out, looked at, moved and watched."""

import asyncio
import gzip
import io
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from e2b import (
    AsyncSandbox,
    FileNotFoundException,
    FilesystemEvent,
    FilesystemEventType,
    FileType,
    InvalidArgumentException,
    Sandbox,
    SandboxException,
)
from e2b.exceptions import AuthenticationException

from tests.contracts.sandboxd.conftest import Provider

AWKWARD = 'it\'s a "name" with ünïcode & 50% + spaces; rm -rf ~'


async def home_of(sandbox: AsyncSandbox) -> str:
    return (await sandbox.commands.run("echo $HOME")).stdout.strip()


async def test_text_and_bytes_come_back(sandbox: AsyncSandbox) -> None:
    await sandbox.files.write("text", "grüße\n")
    assert await sandbox.files.read("text") == "grüße\n"
    data = bytes(range(256)) * 1000
    await sandbox.files.write("data", data)
    assert await sandbox.files.read("data", format="bytes") == data
    await sandbox.files.write("data", b"")
    assert await sandbox.files.read("data", format="bytes") == b""


@pytest.mark.parametrize("name", [AWKWARD, "-", "a\nb", "..dots", "tail "])
async def test_awkward_names_work(best: Provider, name: str) -> None:
    sandbox = await best.create()
    written = await sandbox.files.write(f"dir/{name}", "x")
    assert written.path == f"{await home_of(sandbox)}/dir/{name}"
    assert await sandbox.files.read(f"dir/{name}") == "x"
    assert [entry.name for entry in await sandbox.files.list("dir")] == [name]
    await sandbox.kill()


async def test_paths_start_at_home(sandbox: AsyncSandbox) -> None:
    home = await home_of(sandbox)
    await sandbox.files.write("a", "1")
    assert await sandbox.files.read(f"{home}/a") == "1"
    assert await sandbox.files.read("~/a") == "1"
    assert await sandbox.files.read("./b/../a") == "1"


async def test_many_files_at_once(single: AsyncSandbox) -> None:
    files: list[Any] = [{"path": f"many/{n}", "data": f"{n}" * n} for n in range(50)]
    written = await single.files.write_files(files)
    assert [entry.name for entry in written] == [str(n) for n in range(50)]
    for n in (0, 1, 49):
        assert await single.files.read(f"many/{n}") == f"{n}" * n


async def test_every_way_of_uploading(sandbox: AsyncSandbox) -> None:
    data = b"\r\n--boundary\r\n" * 50_000
    await sandbox.files.write("multipart", data)
    await sandbox.files.write("octets", data, use_octet_stream=True)
    await sandbox.files.write("stream", io.BytesIO(data))
    await sandbox.files.write("packed", data, gzip=True)
    for name in ("multipart", "octets", "stream", "packed"):
        assert await sandbox.files.read(name, format="bytes") == data, name
    assert await sandbox.files.read("octets", format="bytes", gzip=True) == data
    got = b"".join([chunk async for chunk in await sandbox.files.read("octets", format="stream")])
    assert got == data


async def test_metadata_stays_with_a_file(sandbox: AsyncSandbox) -> None:
    written = await sandbox.files.write("noted", "x", metadata={"origin": "here"})
    if not written.metadata:
        pytest.skip("this file system keeps no extended attributes")
    assert (await sandbox.files.get_info("noted")).metadata == {"origin": "here"}
    await sandbox.files.write("noted", "y")
    assert not (await sandbox.files.get_info("noted")).metadata


async def test_missing_files_are_said_to_be_missing(single: AsyncSandbox) -> None:
    assert not await single.files.exists("nope")
    for attempt in (
        single.files.read("nope"),
        single.files.list("nope"),
        single.files.get_info("nope"),
        single.files.rename("nope", "other"),
    ):
        with pytest.raises(FileNotFoundException):
            await attempt
    await single.files.remove("nope")


async def test_directories(single: AsyncSandbox) -> None:
    assert await single.files.make_dir("d/e")
    assert not await single.files.make_dir("d/e")
    await single.files.write("d/f", "12345")
    await single.files.write("d/e/g", "x")
    assert [(e.name, e.type) for e in await single.files.list("d")] == [
        ("e", FileType.DIR),
        ("f", FileType.FILE),
    ]
    deep = await single.files.list("d", depth=2)
    home = await home_of(single)
    assert [e.path for e in deep] == [f"{home}/d/{name}" for name in ("e", "e/g", "f")]
    with pytest.raises((InvalidArgumentException, SandboxException)):
        await single.files.list("d/f")
    with pytest.raises((InvalidArgumentException, SandboxException)):
        await single.files.read("d")
    with pytest.raises((InvalidArgumentException, SandboxException)):
        await single.files.write("d", "x")
    moved = await single.files.rename("d", "x/y")
    assert moved.path == f"{home}/x/y"
    await single.files.remove("x")
    assert not await single.files.exists("x/y/f")


async def test_an_entry_tells_what_the_file_is(sandbox: AsyncSandbox) -> None:
    await sandbox.files.write("f", "12345")
    await sandbox.commands.run("chmod 640 f; ln -s f link; ln -s nowhere broken; mkfifo pipe")
    entry = await sandbox.files.get_info("f")
    assert (entry.size, entry.mode, entry.permissions) == (5, 0o640, "-rw-r-----")
    link = await sandbox.files.get_info("link")
    assert (link.type, link.symlink_target) == (FileType.FILE, f"{await home_of(sandbox)}/f")
    assert await sandbox.files.exists("broken")
    with pytest.raises(SandboxException):
        await sandbox.files.read("pipe")


@pytest.mark.slow
async def test_a_file_growing_while_it_is_read_is_cut_at_its_size(single: AsyncSandbox) -> None:
    await single.commands.run("yes | head -c 3000000 > grow")
    await single.commands.run("while true; do echo more >> grow; done", background=True, timeout=0)
    for _ in range(5):
        data = await single.files.read("grow", format="bytes")
        assert len(data) >= 3_000_000


async def test_a_full_disk_is_said_to_be_full(best: Provider) -> None:
    sandbox = await best.create()
    with pytest.raises(SandboxException):
        await sandbox.files.write("/dev/full", "x" * 100)
    await sandbox.kill()


async def test_signed_urls_need_no_token(provider: Provider, sandbox: AsyncSandbox) -> None:
    assert provider.local
    await sandbox.files.write("signed", "secret")
    url = sandbox.download_url("signed", use_signature_expiration=60)
    fetched = await asyncio.to_thread(lambda: urllib.request.urlopen(url).read())
    assert fetched == b"secret"
    for broken in (
        url.replace("path=signed", "path=other"),
        url.replace("signature=v1_", "signature=v1_A"),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            await asyncio.to_thread(urllib.request.urlopen, broken)
        refused.value.close()
        assert refused.value.code == 401
    late = sandbox.download_url("signed", use_signature_expiration=-5)
    with pytest.raises(urllib.error.HTTPError) as expired:
        await asyncio.to_thread(urllib.request.urlopen, late)
    assert b"expired" in expired.value.read()
    expired.value.close()


async def test_signed_uploads(reference: Provider, single: AsyncSandbox) -> None:
    assert reference.local
    url = single.upload_url("up", use_signature_expiration=60)
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nhi\r\n--b--\r\n'
    )
    request = urllib.request.Request(
        url, body, {"Content-Type": "multipart/form-data; boundary=b"}, method="POST"
    )
    await asyncio.to_thread(lambda: urllib.request.urlopen(request).read())
    assert await single.files.read("up") == "hi"


async def test_watching_tells_what_happens(sandbox: AsyncSandbox) -> None:
    seen: list[FilesystemEvent] = []
    await sandbox.files.make_dir("w")
    watch = await sandbox.files.watch_dir("w", seen.append, recursive=True)
    await sandbox.files.write("w/a", "1")
    await sandbox.files.rename("w/a", "w/b")
    await sandbox.files.remove("w/b")
    await sandbox.files.write("w/sub/deep", "1")
    expected = {
        ("a", FilesystemEventType.CREATE),
        ("a", FilesystemEventType.WRITE),
        ("a", FilesystemEventType.RENAME),
        ("b", FilesystemEventType.CREATE),
        ("b", FilesystemEventType.REMOVE),
        ("sub/deep", FilesystemEventType.CREATE),
    }
    for _ in range(100):
        if expected <= {(event.name, event.type) for event in seen}:
            break
        await asyncio.sleep(0.02)
    assert expected <= {(event.name, event.type) for event in seen}
    await watch.stop()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
    with pytest.raises(FileNotFoundException):
        await sandbox.files.watch_dir("nope", seen.append)


async def test_a_watch_can_be_polled(best: Provider) -> None:
    made = await asyncio.to_thread(lambda: Sandbox.create(timeout=60, **best.options))

    def poll() -> set[tuple[str, str]]:
        made.files.make_dir("w")
        watch = made.files.watch_dir("w")
        made.files.write("w/a", "1")
        events = watch.get_new_events()
        watch.stop()
        with pytest.raises(SandboxException):
            watch.get_new_events()
        return {(event.name, event.type.value) for event in events}

    try:
        assert ("a", "create") in await asyncio.to_thread(poll)
    finally:
        await asyncio.to_thread(made.kill)


async def test_a_foreign_token_opens_nothing(best: Provider) -> None:
    one, two = await asyncio.gather(best.create(), best.create())
    await one.files.write("mine", "1")
    request = urllib.request.Request(
        f"{best.local.url}/files?path=mine",
        headers={"E2b-Sandbox-Id": one.sandbox_id, "X-Access-Token": "0" * 64},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        await asyncio.to_thread(urllib.request.urlopen, request)
    refused.value.close()
    assert refused.value.code == 401
    await asyncio.gather(one.kill(), two.kill())


async def test_gzip_answers_are_gzip(best: Provider, tmp_path: Path) -> None:
    sandbox = await best.create()
    await sandbox.files.write("plain", "z" * 10_000)
    url = sandbox.download_url("plain")
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    packed = await asyncio.to_thread(lambda: urllib.request.urlopen(request).read())
    assert len(packed) < 1000
    assert gzip.decompress(packed) == b"z" * 10_000
    ranged = urllib.request.Request(url, headers={"Range": "bytes=9990-"})
    with await asyncio.to_thread(urllib.request.urlopen, ranged) as answer:
        assert (answer.status, answer.read()) == (206, b"z" * 10)
    await sandbox.kill()


async def test_an_unknown_user_is_refused(best: Provider) -> None:
    sandbox = await best.create()
    with pytest.raises(AuthenticationException):
        await sandbox.files.read(".profile", user="root")
    await sandbox.kill()
