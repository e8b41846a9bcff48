"""The agent's parts without a sandbox around them: its clock is ours here."""

import json
import os
import socket
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from courier.sandboxd.agent.envelopes import Fault, Unpacker, pack, pack_end, pack_json
from courier.sandboxd.agent.lifetime import GRACE_SECONDS, UNCLAIMED_SECONDS, Lifetime
from courier.sandboxd.agent.link import Call, Link
from courier.sandboxd.agent.loop import READ, Callback, Loop, Timer
from courier.sandboxd.agent.place import Place
from courier.sandboxd.agent.process import Ending
from courier.sandboxd.agent.processes import Processes
from courier.sandboxd.agent.tree import Tree
from courier.sandboxd.cells import Cell, gather_tools
from courier.sandboxd.exchange import HttpError
from courier.sandboxd.limits import Bound, Groups
from courier.sandboxd.multipart import PartHead, read_parts
from courier.sandboxd.plain import Plain


class RecordingLoop(Loop):
    """Keeps what is to happen later instead of waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self.later: list[tuple[float, Callback]] = []
        self.timers: list[Timer] = []

    def after(self, seconds: float, callback: Callback) -> Timer:
        self.later.append((seconds, callback))
        self.timers.append(Timer(callback))
        return self.timers[-1]


def ask(processes: Processes, loop: Loop, method: str, message: dict[str, object]) -> list[object]:
    """Make one streaming call and return the envelopes that are sent at once."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        link = Link(loop, theirs, lambda *_: None)
        call = Call(json.dumps({"method": method, "message": message}).encode())
        try:
            processes.streams[method](link, call)
        except Fault as fault:
            return [fault.code]
        ours.settimeout(0.2)
        got = bytearray()
        try:
            while data := ours.recv(65536):
                got += data
        except TimeoutError:
            pass
        link.close()
        return [json.loads(payload) for _, payload in Unpacker().feed(bytes(got))]


def test_an_exit_is_told_for_thirty_seconds(tmp_path: Path) -> None:
    loop = RecordingLoop()
    processes = Processes(loop, Place(str(tmp_path), os.environ["PATH"], str(tmp_path)))
    started = ask(
        processes,
        loop,
        "process.Process/Start",
        {"process": {"cmd": "sh", "args": ["-c", "exit 4"]}},
    )
    pid = started[0]["event"]["start"]["pid"]  # type: ignore[index]  # plain JSON
    entry = processes._live[pid]
    while entry.process._outputs:
        loop.step()
    _, status = os.waitpid(pid, 0)
    entry.process.reaped(os.waitstatus_to_exitcode(status))
    selector: dict[str, object] = {"process": {"pid": pid}}
    told = ask(processes, loop, "process.Process/Connect", selector)
    assert told[1]["event"]["end"]["exitCode"] == 4  # type: ignore[index]  # plain JSON
    (forget,) = [callback for seconds, callback in loop.later if seconds == 30.0]
    forget()
    assert ask(processes, loop, "process.Process/Connect", selector) == ["not_found"]


def test_a_forgotten_descriptor_is_not_called_back_even_if_it_was_ready() -> None:
    loop = Loop()
    pairs = [socket.socketpair() for _ in range(2)]
    called = []

    def meet(number: int) -> None:
        called.append(number)
        loop.forget(pairs[1 - number][0].fileno())

    for number, (ours, theirs) in enumerate(pairs):
        theirs.send(b"x")
        loop.watch(ours.fileno(), READ, partial(meet, number))
    loop.step()
    assert len(called) == 1
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


def test_an_agent_without_a_server_ends_by_itself() -> None:
    loop = RecordingLoop()
    lifetime = Lifetime(loop, Place("/h", "", "/tmp"), Tree(lambda: None))
    lifetime.unary["agent/Deadline"]({"seconds": 60})
    lifetime.unary["agent/Deadline"]({"seconds": 600})
    lifetime.unary["agent/Deadline"]({})
    seconds = [each for each, _ in loop.later]
    assert seconds == [UNCLAIMED_SECONDS, 60 + GRACE_SECONDS, 600 + GRACE_SECONDS]
    assert [timer.callback for timer in loop.timers] == [None, None, None]


@pytest.mark.parametrize(
    ("code", "exit_code", "status"),
    [
        (0, 0, "exit status 0"),
        (7, 7, "exit status 7"),
        (-9, -1, "signal: killed"),
        (-15, -1, "signal: terminated"),
    ],
)
def test_an_ending_is_told_in_envds_words(code: int, exit_code: int, status: str) -> None:
    told = Ending(code).to_json()
    assert (told["exitCode"], told["status"], told["exited"]) == (exit_code, status, code >= 0)
    assert told.get("error") == (status if code else None)


def test_envelopes_survive_any_cut() -> None:
    whole = pack(b"one") + pack_json({"two": 2}) + pack_end(Fault("x", "y"))
    for size in range(1, len(whole) + 1):
        unpacker = Unpacker()
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        found = [each for piece in pieces for each in unpacker.feed(piece)]
        assert [flag for flag, _ in found] == [0, 0, 2]
        assert found[0][1] == b"one"
        assert json.loads(found[2][1]) == {"error": {"code": "x", "message": "y"}}


async def in_pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def test_multipart_survives_any_cut() -> None:
    content = b"a\r\n--bound\r\n--boundar\r\n"
    body = (
        b'preamble\r\n--boundary\r\nContent-Disposition: form-data; name="file"; '
        b'filename="d/q\\"uote.txt"\r\nContent-Type: x\r\n\r\n' + content + b"\r\n--boundary\r\n"
        b"Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''%C3%BC\r\n\r\n"
        b"\r\n--boundary--\r\nepilogue"
    )
    for size in range(1, len(body)):
        heads, bodies = [], []
        async for event in read_parts(in_pieces(body, size), b"boundary"):
            if isinstance(event, PartHead):
                heads.append(event.filename)
                bodies.append(b"")
            else:
                bodies[-1] += event
        assert (heads, bodies) == (['d/q"uote.txt', "ü"], [content, b""]), size


async def test_a_cut_multipart_body_is_refused() -> None:
    with pytest.raises(HttpError, match="ended early"):
        async for _ in read_parts(in_pieces(b"--b\r\nX: y\r\n\r\ncontent", 5), b"b"):
            pass


@pytest.mark.parametrize(
    ("given", "resolved"),
    [
        ("a", "/h/a"),
        ("", "/h"),
        ("~", "/h"),
        ("~/x", "/h/x"),
        ("/etc/../x", "/etc/../x"),
        ("../x", "/x"),
    ],
)
def test_paths_resolve_as_envds_do(given: str, resolved: str) -> None:
    assert Place("/h", "", "/tmp").resolve(given) == resolved
    with pytest.raises(Fault, match="user-specific"):
        Place("/h", "", "/tmp").resolve("~root/x")


def test_a_file_and_a_directory_can_be_shown_inside(tmp_path: Path) -> None:
    (tmp_path / "kit/bin").mkdir(parents=True)
    program = tmp_path / "store/program-1.0"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    (tmp_path / "program").symlink_to(program)
    tools = gather_tools(tmp_path / "library", (tmp_path / "kit", tmp_path / "program"))
    assert str(tmp_path / "kit/bin") in tools.path.split(":")
    assert ("program", program) in tools.links
    assert {tmp_path / "kit", program, tmp_path / "program"} <= set(tools.shown)


def test_control_groups_are_made_limited_and_left(tmp_path: Path) -> None:
    groups = Groups((("memory", tmp_path / "m"), ("pids", tmp_path / "p")), unified=False)
    for _, root in groups.roots:
        root.mkdir()
    command = groups.make("box", Bound(memory_mb=64, processes=10))
    assert (tmp_path / "m/box/memory.limit_in_bytes").read_text() == str(64 * 2**20)
    assert (tmp_path / "p/box/pids.max").read_text() == "10"
    files = [str(tmp_path / each / "box/cgroup.procs") for each in ("m", "p")]
    assert list(command)[-3:] == ["2", *files]


def test_the_plain_rung_changes_nothing_but_home(tmp_path: Path) -> None:
    tools = gather_tools(tmp_path / "library")
    command = Plain().command(Cell("x", tmp_path, 3, None), tools, 4)
    bounds = json.loads(command[-1])
    assert bounds["home"] == str(tmp_path / "home")
    assert bounds["uid"] is None
