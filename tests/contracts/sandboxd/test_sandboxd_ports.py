"""Ports that processes inside a sandbox listen on, reached through the server."""

import asyncio
import http.client
import urllib.parse
from typing import Any

import pytest
from e2b import AsyncSandbox

from tests.contracts.sandboxd.conftest import Provider

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        said = f"{self.path} {self.headers.get('x-mine')} {self.headers.get('x-access-token')} "
        self.send_response(201)
        self.send_header("X-Yours", "back")
        self.end_headers()
        self.wfile.write(said.encode() + body)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def ask(host: str, method: str, path: str, **more: Any) -> tuple[int, dict[str, str], bytes]:
    _, _, port = host.rpartition(":")
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
    try:
        connection.request(method, path, headers={"Host": host, **more.pop("headers", {})}, **more)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


async def listening(sandbox: AsyncSandbox, port: int) -> None:
    await sandbox.files.write("server.py", SERVER)
    await sandbox.commands.run(f"python3 server.py {port}", background=True, timeout=0)
    probe = f"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}))'"
    for _ in range(100):
        done = await sandbox.commands.run(f"{probe} 2>/dev/null && echo yes || true")
        if done.stdout:
            return
    raise AssertionError("the server inside never listened")


@pytest.mark.slow
@pytest.mark.parametrize("internet", [True, False])
async def test_a_port_inside_answers_outside(
    providers: dict[str, Provider], *, internet: bool
) -> None:
    provider = providers["bubblewrap"]
    sandbox = await provider.create(allow_internet_access=internet)
    port = 18_431
    await listening(sandbox, port)
    host = sandbox.get_host(port)
    data = urllib.parse.quote("ü" * 100_000).encode()
    status, headers, body = await asyncio.to_thread(
        ask, host, "POST", "/a%20b?c=d", body=data, headers={"X-Mine": "hi"}
    )
    assert (status, headers["x-yours"]) == (201, "back")
    assert body == b"/a%20b?c=d hi None " + data
    await sandbox.kill()


async def test_a_closed_port_is_said_to_be_closed(best: Provider) -> None:
    sandbox = await best.create()
    status, _, body = await asyncio.to_thread(ask, sandbox.get_host(1), "GET", "/")
    assert status == 502
    assert b"port is not open" in body
    await sandbox.kill()
