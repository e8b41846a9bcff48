"""Connect calls and uploads as bytes: envelopes, errors, and what broken ones get."""

import base64
import json
import socket
import struct
from typing import Any

import pytest

from tests.contracts.sandboxd.wire import Wire


def test_unary_errors_have_connects_form(wire: Wire) -> None:
    made = wire.create()
    answer = wire.envd(made, "POST", "/filesystem.Filesystem/Stat", {"path": "nope"})
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    answer = wire.envd(made, "POST", "/process.Process/Nope", {})
    assert (answer.status, answer.json["code"]) == (501, "unimplemented")
    answer = wire.envd(made, "POST", "/filesystem.Filesystem/Stat", {"path": ["x"], "depth": {}})
    assert answer.status >= 400
    answer = wire.envd(made, "POST", "/process.Process/SendSignal", {"process": {"pid": "x"}})
    assert (answer.status, answer.json["code"]) == (400, "invalid_argument")
    assert wire.envd(made, "POST", "/process.Process/List", {}).json == {"processes": []}


def envelopes(body: bytes) -> list[tuple[int, Any]]:
    found = []
    while body:
        flag, length = struct.unpack(">BI", body[:5])
        found.append((flag, json.loads(body[5 : 5 + length])))
        body = body[5 + length :]
    return found


def start(message: Any) -> bytes:
    payload = json.dumps(message).encode()
    return struct.pack(">BI", 0, len(payload)) + payload


def test_a_stream_is_envelopes_with_an_end(wire: Wire) -> None:
    made = wire.create()
    body = start({"process": {"cmd": "/bin/sh", "args": ["-c", "printf hi; exit 3"]}})
    answer = wire.envd(made, "POST", "/process.Process/Start", body, Connect_Timeout_Ms="5000")
    assert answer.headers["content-type"] == "application/connect+json"
    found = envelopes(answer.body)
    assert found[0][1]["event"]["start"]["pid"] > 1
    assert base64.b64decode(found[1][1]["event"]["data"]["stdout"]) == b"hi"
    assert found[2][1]["event"]["end"]["exitCode"] == 3
    assert found[3] == (2, {})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_argument"),
        (b"\0\0\0\0\5nojso", "invalid_argument"),
        (b"\0\xff\xff\xff\xff", "resource_exhausted"),
        (start({"process": {"cmd": "/no/such/program"}}), "invalid_argument"),
        (start({"process": {"cmd": ""}}), "invalid_argument"),
        (start({"process": {"cmd": "a\0b"}}), "invalid_argument"),
        (start({"process": "x"}), "invalid_argument"),
        (start([]), "invalid_argument"),
    ],
)
def test_a_broken_stream_call_ends_with_an_error(wire: Wire, body: bytes, code: str) -> None:
    made = wire.create()
    answer = wire.envd(made, "POST", "/process.Process/Start", body)
    assert answer.status == 200
    flag, end = envelopes(answer.body)[-1]
    assert (flag, end["error"]["code"]) == (2, code)
    assert wire.envd(made, "POST", "/process.Process/List", {}).json == {"processes": []}


@pytest.mark.slow
def test_a_silent_stream_says_that_it_is_alive(wire: Wire) -> None:
    made = wire.create()
    body = start({"process": {"cmd": "/bin/sleep", "args": ["1.5"]}})
    answer = wire.envd(made, "POST", "/process.Process/Start", body, Keepalive_Ping_Interval="1")
    assert {"event": {"keepalive": {}}} in [message for _, message in envelopes(answer.body)]


def test_the_head_waits_for_the_whole_request(wire: Wire) -> None:
    """A client drops what it has not sent when the answer's head comes early."""
    made = wire.create()
    body = start({"process": {"cmd": "/bin/echo", "args": ["whole"]}})
    head = (
        f"POST /process.Process/Start HTTP/1.1\r\nHost: localhost:{wire.port}\r\n"
        f"E2b-Sandbox-Id: {made['sandboxID']}\r\nX-Access-Token: {made['envdAccessToken']}\r\n"
        f"Content-Type: application/connect+json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    for refused in (b"", head.replace(made["envdAccessToken"].encode(), b"wrong")):
        with socket.create_connection(("127.0.0.1", wire.port), timeout=5) as raw:
            raw.sendall((refused or head) + body[:-1])
            raw.settimeout(0.2)
            with pytest.raises(TimeoutError):
                raw.recv(1)
            raw.settimeout(5)
            raw.sendall(body[-1:])
            assert raw.recv(4096).startswith(b"HTTP/1.1 401" if refused else b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "form", ["", "--b", "--b\r\n\r\n", "--b\r\nContent-Disposition: form-data"]
)
def test_a_broken_upload_is_refused(wire: Wire, form: str) -> None:
    made = wire.create()
    answer = wire.envd(
        made, "POST", "/files?path=x", form.encode(), Content_Type="multipart/form-data; boundary=b"
    )
    assert (answer.status, answer.json["code"]) == (400, 400)


def test_uploads_of_other_kinds_are_refused(wire: Wire) -> None:
    made = wire.create()
    for kind, encoding in (("text/plain", "identity"), ("application/octet-stream", "br")):
        answer = wire.envd(
            made, "POST", "/files?path=x", b"x", Content_Type=kind, Content_Encoding=encoding
        )
        assert answer.status == 400
    broken = wire.envd(
        made,
        "POST",
        "/files?path=x",
        b"not gzip",
        Content_Type="application/octet-stream",
        Content_Encoding="gzip",
    )
    assert broken.status == 400
