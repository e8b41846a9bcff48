"""A small HTTP/1.1 server: one request a connection, all of it within bounds."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

import httptools

from courier.errors import Misconfigured
from courier.web.message import Request, Response, said

log = logging.getLogger(__name__)

LARGEST_HEAD = 16 << 10
"""Most bytes of a request before its body."""

LARGEST_BODY = 1 << 20
"""Most bytes of a body; forges cut what they send at a few hundred thousand."""

REQUEST_SECONDS = 10.0
"""How long a request may take to arrive."""

MOST_AT_ONCE = 64
"""Connections that are served at the same time; others are let go at once."""

Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 means any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Reading:
    """What a parser has found of one request so far."""

    def __init__(self) -> None:
        self.target = b""
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.is_whole = False
        self.head_ended = False

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.head_ended = True
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def on_body(self, body: bytes) -> None:
        self.body += body
        if len(self.body) > LARGEST_BODY:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def on_message_complete(self) -> None:
        self.is_whole = True


@asynccontextmanager
async def listening(address: Address, answer: Answer) -> AsyncIterator[Address]:
    """Answer requests until the end; gives where, with the port that was found.

    Raises:
        Misconfigured: If nothing can listen there.
    """
    at_once = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once
        at_once += 1
        try:
            if at_once <= MOST_AT_ONCE:
                await _serve(reader, writer, answer)
        finally:
            at_once -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    try:
        server = await asyncio.start_server(serve, address.host, address.port)
    except OSError as refused:
        raise Misconfigured(
            "Nothing can listen there.",
            detail=f"{address}: {refused.strerror or refused}.",
            next_step="Choose another address with `--listen`.",
        ) from refused
    try:
        yield Address(address.host, server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer
) -> None:
    method = ""
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            request = await _read(reader)
        if request is None:
            return
        method = request.method
        response = await answer(request)
    except _Refused as refused:
        response = said(refused.status)
    except TimeoutError:
        response = said(HTTPStatus.REQUEST_TIMEOUT)
    except (ConnectionError, httptools.HttpParserError):
        response = said(HTTPStatus.BAD_REQUEST)
    except Exception:  # one request must not stop the server
        log.exception("a request could not be answered")
        response = said(HTTPStatus.INTERNAL_SERVER_ERROR)
    with suppress(OSError):
        writer.write(_head(response) + (b"" if method == "HEAD" else response.body))
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """Return one whole request; None if nobody asked anything."""
    reading = _Reading()
    parser = httptools.HttpRequestParser(reading)
    size = 0
    while not reading.is_whole:
        data = await reader.read(LARGEST_HEAD)
        if not data:
            if not size:
                return None
            raise _Refused(HTTPStatus.BAD_REQUEST)
        size += len(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserCallbackError as wrong:
            refused = wrong.__context__ or wrong.__cause__
            raise (
                refused if isinstance(refused, _Refused) else _Refused(HTTPStatus.BAD_REQUEST)
            ) from wrong
        except httptools.HttpParserUpgrade:
            raise _Refused(HTTPStatus.NOT_IMPLEMENTED) from None
        if not reading.head_ended and size > LARGEST_HEAD:
            raise _Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    path, _, query = reading.target.decode("latin-1").partition("?")
    method = parser.get_method().decode("ascii")
    return Request(method, unquote(path), query, reading.headers, bytes(reading.body))


def _head(response: Response) -> bytes:
    headers = {
        "Content-Type": response.media_type,
        "Content-Length": str(len(response.body)),
        "Connection": "close",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **response.headers,
    }
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
