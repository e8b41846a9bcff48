"""Calls from the server to a sandbox's agent, one connection each."""

import asyncio
import os
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any

from courier.sandboxd.agent.envelopes import (
    END,
    HEADER_BYTES,
    MAX_PAYLOAD_BYTES,
    Fault,
    Message,
    pack,
    pack_end,
    pack_json,
    parse,
)

READ_BYTES = 256 * 1024
GONE = (OSError, EOFError)


class AgentGone(Exception):
    """The agent does not answer: the sandbox has ended or is ending."""


class Line:
    """An open call to an agent; a context that closes the connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def __aenter__(self) -> "Line":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _ = kind, error, trace
        await self.close()

    async def close(self) -> None:
        """Drop the connection; the agent learns of it."""
        self._writer.transport.abort()

    async def send(self, data: bytes) -> None:
        """Send input; waits while the agent is behind."""
        try:
            self._writer.write(pack(data))
            await self._writer.drain()
        except GONE as gone:
            raise AgentGone from gone

    async def send_end(self) -> None:
        """Say that no input follows."""
        try:
            self._writer.write(pack_end())
            await self._writer.drain()
        except GONE as gone:
            raise AgentGone from gone

    async def message(self) -> Message:
        """Return the next message.

        Raises:
            Fault: If the call failed.
            AgentGone: If the connection ended.
        """
        try:
            head = await self._reader.readexactly(HEADER_BYTES)
            length = int.from_bytes(head[1:], "big")
            if length > MAX_PAYLOAD_BYTES:
                raise AgentGone
            fields: dict[str, Any] = parse(await self._reader.readexactly(length))
        except GONE as gone:
            raise AgentGone from gone
        if head[0] & END:
            error = fields.get("error") or {"code": "internal", "message": "ended early"}
            raise Fault(error["code"], error.get("message", ""))
        return fields

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield everything that follows as it arrives, unparsed."""
        while True:
            try:
                data = await self._reader.read(READ_BYTES)
            except GONE as gone:
                raise AgentGone from gone
            if not data:
                return
            yield data

    async def exactly(self, size: int) -> AsyncIterator[bytes]:
        """Yield the next ``size`` bytes.

        Raises:
            AgentGone: If fewer arrive.
        """
        while size:
            data = await self._reader.read(min(READ_BYTES, size))
            if not data:
                raise AgentGone
            size -= len(data)
            yield data


class Lines:
    """Opens calls to the agent behind one socket."""

    def __init__(self, directory_fd: int, name: str) -> None:
        # A socket's path may have 107 bytes at most; this one is short wherever the state lies.
        self._path = f"/proc/{os.getpid()}/fd/{directory_fd}/{name}"

    async def open(self, method: str, message: Message, **fields: object) -> Line:
        """Start a call; ``fields`` are timeout, keepalive and user.

        Raises:
            AgentGone: If nobody listens.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(self._path, limit=READ_BYTES)
        except OSError as gone:
            raise AgentGone from gone
        writer.write(pack_json({"method": method, "message": message} | fields))
        return Line(reader, writer)

    async def ask(self, method: str, message: Message, **fields: object) -> Message:
        """Make a unary call and return its answer.

        Raises:
            Fault: If the agent refused.
            AgentGone: If there is no agent.
        """
        async with await self.open(method, message, **fields) as line:
            return await line.message()
