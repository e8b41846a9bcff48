"""Servers that misbehave on the wire: one gives a fixed answer, one cuts what passes through."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager


@asynccontextmanager
async def answering(
    status: int, *, body: bytes = b"{}", headers: Mapping[str, str] | None = None
) -> AsyncIterator[str]:
    """Serve the same answer to every request; gives the server's URL."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    answer = "\r\n".join([*lines, "", ""]).encode() + body

    async def answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b"content-length:" in head:
                size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(size)
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer_one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


class CuttingProxy:
    """Passes bytes on to a server, and cuts connections when told or after so many bytes.

    Attributes:
        url: Where it listens.
        cuts: How many connections it has cut so far.
        cut_after: Bytes from the server after which a connection is cut; None for never.
        open: Whether it accepts connections at all.
    """

    def __init__(self, target: str) -> None:
        self.url = ""
        self.cuts = 0
        self.cut_after: int | None = None
        self.open = True
        self._port = int(target.rsplit(":", 1)[1])
        self._live: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "CuttingProxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Cut every connection that is open now."""
        for writer in list(self._live):
            self.cuts += 1
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.open:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._live.add(writer)
        for task in (
            asyncio.create_task(self._pass(reader, far_writer, limited=False)),
            asyncio.create_task(self._pass(far_reader, writer, limited=True)),
        ):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, limited: bool
    ) -> None:
        passed = 0
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                passed += len(data)
                writer.write(data)
                await writer.drain()
                if limited and self.cut_after is not None and passed >= self.cut_after:
                    self.cuts += 1
                    writer.transport.abort()
                    break
        self._live.discard(writer)
        writer.close()
