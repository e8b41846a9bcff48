"""Requests for other ports of a sandbox, passed on to whatever listens there."""

import asyncio
from collections.abc import Iterator

import httptools

from courier.sandboxd.agent.envelopes import Fault
from courier.sandboxd.envd import not_open, not_running
from courier.sandboxd.exchange import Exchange, HttpError
from courier.sandboxd.line import AgentGone, Line
from courier.sandboxd.sandboxes import Live

HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
OURS = {"e2b-sandbox-id", "e2b-sandbox-port", "x-access-token", "x-api-key", "content-length"}


async def answer_port(exchange: Exchange, live: Live, port: int) -> None:
    """Pass one plain HTTP request on to a port inside the sandbox; upgrades are not.

    Raises:
        HttpError: 502 if nobody listens or the answer is not HTTP.
    """
    if not 0 < port < 65536:
        raise not_open(port)
    body = await exchange.body()
    try:
        async with await live.lines.open("agent/Tunnel", {"port": port}) as line:
            await line.message()
            await line.send(_request(exchange, body, port))
            await _pass_back(exchange, line)
    except Fault as closed:
        raise not_open(port) from closed
    except AgentGone as gone:
        raise not_running(live.record.id) from gone


def _request(exchange: Exchange, body: bytes, port: int) -> bytes:
    query = f"?{exchange.query_string}" if exchange.query_string else ""
    lines = [f"{exchange.method} {exchange.raw_path.partition('?')[0]}{query} HTTP/1.1"]
    for name, value in exchange.headers.items():
        if name not in HOP_BY_HOP and name not in OURS:
            lines.append(f"{name}: {value}")
    if "host" not in exchange.headers:
        lines.append(f"host: localhost:{port}")
    if body or exchange.method not in ("GET", "HEAD"):
        lines.append(f"content-length: {len(body)}")
    lines += ["connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class _Answer:
    """Collects what the parser finds in the answer."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.head_complete = False
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.decode("latin-1").lower()
        if key not in HOP_BY_HOP:
            self.headers[key] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.head_complete = True

    def on_body(self, data: bytes) -> None:
        self.pieces.append(data)

    def on_message_complete(self) -> None:
        self.complete = True

    def take(self) -> Iterator[bytes]:
        pieces, self.pieces = self.pieces, []
        yield from pieces


async def _pass_back(exchange: Exchange, line: Line) -> None:
    answer = _Answer()
    parser = httptools.HttpResponseParser(answer)
    left = asyncio.ensure_future(exchange.disconnected())
    try:
        async for data in line.chunks():
            parser.feed_data(data)
            if answer.head_complete and not exchange.started:
                await exchange.start(parser.get_status_code(), answer.headers)
            for piece in answer.take():
                await exchange.send(piece)
            if answer.complete or left.done():
                break
    except httptools.HttpParserError as problem:
        if exchange.started:
            raise AgentGone from problem
        raise HttpError(502, f"The answer is not HTTP: {problem}") from problem
    finally:
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)
    if not exchange.started:
        raise HttpError(502, "The connection was closed without an answer.")
    await exchange.send(b"", more=False)
