"""envd's ``/files``: whole files in and out over plain HTTP."""

import mimetypes
import re
import zlib
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

from courier.sandboxd.access import require_file_access
from courier.sandboxd.agent.envelopes import Fault
from courier.sandboxd.envd import caller, not_running
from courier.sandboxd.exchange import Exchange, HttpError
from courier.sandboxd.line import AgentGone, Line
from courier.sandboxd.multipart import PartEvent, PartHead, boundary_of, read_parts
from courier.sandboxd.sandboxes import Live

STATUS = {
    "not_found": 404,
    "invalid_argument": 400,
    "unauthenticated": 401,
    "resource_exhausted": 507,
}
METADATA_HEADER = "x-metadata-"
PIECE_BYTES = 256 * 1024


async def answer_files(exchange: Exchange, live: Live) -> None:
    """Answer a download or an upload.

    Raises:
        HttpError: If it is refused or fails.
    """
    require_file_access(exchange, live.record.token)
    try:
        if exchange.method in ("GET", "HEAD"):
            await _download(exchange, live)
        elif exchange.method == "POST":
            await _upload(exchange, live)
        else:
            raise HttpError(405, "Files are read with GET and written with POST.")
    except Fault as fault:
        raise HttpError(STATUS.get(fault.code, 500), fault.message) from fault
    except AgentGone as gone:
        if exchange.started:
            raise
        raise not_running(live.record.id) from gone


def _user(exchange: Exchange) -> str:
    return exchange.query.get("username") or caller(exchange)


async def _download(exchange: Exchange, live: Live) -> None:
    await exchange.discard_body()
    path = exchange.query.get("path", "")
    spread = _range(exchange.headers.get("range", ""))
    async with await live.lines.open(
        "agent/Read", {"path": path} | spread, user=_user(exchange)
    ) as line:
        found = await line.message()
        size = int(found["size"])
        first = min(spread.get("first", 0), size)
        end = min(spread.get("last", size - 1) + 1, size)
        headers = _file_headers(str(found["path"]), int(found["modified"]))
        if spread:
            headers["content-range"] = f"bytes {first}-{max(end - 1, 0)}/{size}"
            await _send_plain(exchange, line, headers, (206, max(end - first, 0)))
        elif "gzip" in exchange.headers.get("accept-encoding", ""):
            await _send_compressed(exchange, line, headers, size)
        else:
            await _send_plain(exchange, line, headers, (200, size))


def _file_headers(path: str, modified: int) -> dict[str, str]:
    name = path.rpartition("/")[2]
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return {
        "content-type": f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
        "content-disposition": f"inline; filename*=utf-8''{quote(name)}",
        "last-modified": formatdate(modified, usegmt=True),
        "accept-ranges": "bytes",
        "vary": "Accept-Encoding",
    }


async def _send_plain(
    exchange: Exchange, line: Line, headers: dict[str, str], answer: tuple[int, int]
) -> None:
    status, size = answer
    await exchange.start(status, headers | {"content-length": str(size)})
    if exchange.method != "HEAD":
        async for data in line.exactly(size):
            await exchange.send(data)
    await exchange.send(b"", more=False)


async def _send_compressed(
    exchange: Exchange, line: Line, headers: dict[str, str], size: int
) -> None:
    await exchange.start(200, headers | {"content-encoding": "gzip"})
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    if exchange.method != "HEAD":
        async for data in line.exactly(size):
            await exchange.send(packer.compress(data))
        await exchange.send(packer.flush())
    await exchange.send(b"", more=False)


def _range(header: str) -> dict[str, int]:
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", header.strip())
    if found is None:
        return {}
    last = {"last": int(found[2])} if found[2] else {}
    return {"first": int(found[1])} | last


async def _upload(exchange: Exchange, live: Live) -> None:
    metadata = {
        name.removeprefix(METADATA_HEADER): value
        for name, value in exchange.headers.items()
        if name.startswith(METADATA_HEADER)
    }
    upload = _Upload(live, _user(exchange), metadata)
    content_type = exchange.headers.get("content-type", "")
    body = _decoded(exchange)
    try:
        if content_type.startswith("application/octet-stream"):
            await upload.raw(exchange.query.get("path"), body)
        elif content_type.startswith("multipart/"):
            parts = read_parts(body, boundary_of(content_type))
            await upload.parts(exchange.query.get("path"), parts)
        else:
            raise HttpError(
                400,
                f"unsupported content type: {content_type}, "
                "expected multipart/form-data or application/octet-stream",
            )
    finally:
        await upload.close()
    await exchange.reply(200, upload.entries)


async def _decoded(exchange: Exchange) -> AsyncIterator[bytes]:
    encoding = exchange.headers.get("content-encoding", "identity").lower()
    if encoding == "identity":
        async for chunk in exchange.chunks():
            yield chunk
        return
    if encoding != "gzip":
        raise HttpError(400, f"unsupported Content-Encoding: {encoding}, supported: gzip")
    unpacker = zlib.decompressobj(31)
    try:
        async for chunk in exchange.chunks():
            rest = chunk
            while rest:
                yield unpacker.decompress(rest, PIECE_BYTES)
                rest = unpacker.unconsumed_tail
    except zlib.error as problem:
        raise HttpError(400, f"The request's body is not gzip: {problem}") from problem
    if not unpacker.eof:
        raise HttpError(400, "The gzip body ended early.")


class _Upload:
    """Files going in, one after the other."""

    def __init__(self, live: Live, user: str, metadata: dict[str, str]) -> None:
        self._live = live
        self._user = user
        self._metadata = metadata
        self._line: Line | None = None
        self.entries: list[dict[str, Any]] = []

    async def raw(self, path: str | None, body: AsyncIterator[bytes]) -> None:
        if path is None:
            raise HttpError(400, "path query parameter is required for raw body upload")
        line = await self._open(path)
        async for chunk in body:
            if chunk:
                await line.send(chunk)
        await self._finish()

    async def parts(self, path: str | None, parts: AsyncIterator[PartEvent]) -> None:
        async for event in parts:
            if isinstance(event, PartHead):
                await self._finish()
                if event.name == "file":
                    await self._open(path if path is not None else event.filename)
            elif self._line is not None:
                await self._line.send(event)
        await self._finish()

    async def _open(self, path: str) -> Line:
        message = {"path": path, "metadata": self._metadata}
        self._line = await self._live.lines.open("agent/Write", message, user=self._user)
        return self._line

    async def _finish(self) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        async with line:
            await line.send_end()
            entry = await line.message()
        if any(entry["path"] == earlier["path"] for earlier in self.entries):
            raise HttpError(400, f"two files of one upload have the same path '{entry['path']}'")
        self.entries.append(entry)

    async def close(self) -> None:
        if self._line is not None:
            async with self._line:
                pass
