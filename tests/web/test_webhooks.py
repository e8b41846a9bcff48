"""Webhooks: a signed push wakes who it is about, everything else is refused or ignored."""

import asyncio
import hmac
import http.client
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest

from courier.errors import Misconfigured
from courier.web.message import Request, Response, said
from courier.web.router import Router
from courier.web.server import LARGEST_BODY, Address, listening
from courier.web.webhooks import PATH, Hinted, Webhooks

SECRET = b"a-secret-of-the-forge"
AFTER = "1" * 40


class Woken:
    """Two repositories: one with a secret, one without."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.own: set[tuple[str, str]] = set()

    def known(self) -> list[Hinted]:
        return [
            Hinted("https://github.com/Acme/site.git", SECRET, "main", self._wake("site")),
            Hinted("git@github.com:acme/open.git", b"", "main", self._wake("open")),
            Hinted("git@github.com:acme/tools.git", b"other", "main", self._wake("tools")),
        ]

    def _wake(self, name: str) -> Any:
        def wake(ref: str, commit: str) -> bool:
            if (ref, commit) in self.own:
                return False
            self.calls.append((name, ref, commit))
            return True

        return wake


@pytest.fixture
def woken() -> Woken:
    return Woken()


def event(ref: str = "refs/heads/main", name: str = "acme/site", **changes: object) -> bytes:
    urls = {"clone_url": f"https://github.com/{name}.git", "ssh_url": f"git@github.com:{name}.git"}
    return json.dumps({"ref": ref, "after": AFTER, "repository": urls, **changes}).encode()


def signed(body: bytes, *, secret: bytes = SECRET, kind: str = "push") -> Request:
    mark = "sha256=" + hmac.new(secret, body, sha256).hexdigest()
    headers = {"host": "localhost:1", "x-hub-signature-256": mark, "x-github-event": kind}
    return Request("POST", PATH, headers=headers, body=body)


async def answer(woken: Woken, request: Request) -> Response:
    router = Router()
    router.add("POST", PATH, Webhooks(woken.known).push)
    return await router.answer(request)


async def test_a_signed_push_to_the_tracked_branch_wakes_that_repository(woken: Woken) -> None:
    assert (await answer(woken, signed(event()))).status == 202
    assert woken.calls == [("site", "refs/heads/main", AFTER)]


async def test_an_event_of_a_pull_request_wakes_once_whatever_it_says(woken: Woken) -> None:
    for kind in ("pull_request", "check_run", "check_suite", "status", "workflow_run"):
        assert (await answer(woken, signed(event(ref=""), kind=kind))).status == 202
    assert woken.calls == [("site", "refs/pull", "")] * 5
    router, again = Router(), signed(event(), kind="check_run")
    router.add("POST", PATH, Webhooks(woken.known).push)
    headers = {**again.headers, "x-github-delivery": "d1"}
    told = [
        await router.answer(Request("POST", PATH, headers=headers, body=again.body))
        for _ in range(2)
    ]
    assert [one.status for one in told] == [202, 204]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (signed(event(ref="refs/heads/other")), 204),
        (signed(event(ref="refs/tags/v1")), 204),
        (signed(event(), kind="ping"), 204),
        (signed(event(), secret=b"wrong"), 401),
        (signed(event(), secret=b""), 401),
        (signed(event(name="acme/open"), secret=b"\0"), 401),
        (Request("POST", PATH, headers={"host": "localhost"}, body=event()), 401),
        (signed(event(name="acme/tools")), 404),
        (signed(event(name="acme/nobody")), 404),
        (signed(b"{"), 400),
        (signed(b"[]"), 400),
        (signed(event(repository="site")), 400),
        (Request("GET", PATH, headers={"host": "localhost"}), 405),
        (Request("POST", "/", headers={"host": "localhost"}), 404),
        (Request("POST", PATH, headers={"host": "evil.example"}), 421),
        (Request("POST", PATH), 421),
    ],
)
async def test_everything_else_wakes_nobody(woken: Woken, request_: Request, status: int) -> None:
    assert (await answer(woken, request_)).status == status
    assert not woken.calls


async def test_a_push_of_ones_own_is_no_news(woken: Woken) -> None:
    woken.own.add(("refs/heads/courier/state", AFTER))
    assert (await answer(woken, signed(event(ref="refs/heads/courier/state")))).status == 204
    other = signed(event(ref="refs/heads/courier/state", after="2" * 40))
    assert (await answer(woken, other)).status == 202


@pytest.fixture
async def server() -> AsyncIterator[Address]:
    async def echo(request: Request) -> Response:
        if request.path == "/bug":
            raise ZeroDivisionError
        return said(200, f"{request.method} {request.path} {request.query} {len(request.body)}")

    async with listening(Address("127.0.0.1", 0), echo) as address:
        yield address


async def spoken(address: Address, data: bytes) -> bytes:
    """Return all that is answered to some bytes."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_it_speaks_http(server: Address) -> None:
    def ask() -> tuple[int, bytes, str | None]:
        client = http.client.HTTPConnection(server.host, server.port, timeout=5)
        client.request("POST", "/a%20b?c=d", body=b"x" * 100_000)
        found = client.getresponse()
        return found.status, found.read(), found.getheader("Connection")

    assert await asyncio.to_thread(ask) == (200, b"POST /a b c=d 100000\n", "close")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"b" * 40_000, b"431"),
        (f"POST / HTTP/1.1\r\nContent-Length: {LARGEST_BODY + 1}\r\n\r\n".encode(), b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"4"),
        (b"GET /bug HTTP/1.1\r\n\r\n", b"500"),
        (b"GET / HTTP/1.1\r\n\r\nGET /again HTTP/1.1\r\n\r\n", b"200"),
    ],
)
async def test_what_is_out_of_bounds_is_refused(
    server: Address, data: bytes, status: bytes
) -> None:
    found = await spoken(server, data)
    assert found.startswith(b"HTTP/1.1 " + status), found
    assert found.count(b"HTTP/1.1 ") == 1
    assert (await spoken(server, b"GET / HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_a_body_in_pieces_is_bounded_too(server: Address) -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    assert (await spoken(server, head + piece * 17)).startswith(b"HTTP/1.1 413")
    assert b"65536\n" in await spoken(server, head + piece + b"0\r\n\r\n")


async def test_a_taken_address_is_told_of(server: Address) -> None:
    with pytest.raises(Misconfigured, match="Nothing can listen there"):
        async with listening(server, None):  # type: ignore[arg-type]  # is never asked
            pass
