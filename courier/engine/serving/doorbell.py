"""The doorbell: how other processes of this machine ask a running daemon for something.

A socket in the state folder, which only its owner may open; one line of JSON there, one back.
"""

import asyncio
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from courier.errors import CourierError, Misconfigured, Unavailable

log = logging.getLogger(__name__)

FILE_NAME = "daemon.sock"
LONGEST_LINE = 1 << 20
"""Most bytes of a question or an answer."""

_LONGEST_ADDRESS = 100

Answer = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""From what is asked to what is told; a `CourierError` is passed on to who asked."""


@asynccontextmanager
async def answering(folder: Path, answer: Answer) -> AsyncIterator[None]:
    """Answer whoever rings, until the end; only one process a folder may do so.

    Raises:
        Misconfigured: If the socket cannot be made.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _serve(reader, writer, answer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    listener = _bound(folder)
    server = await asyncio.start_unix_server(serve, sock=listener, limit=LONGEST_LINE)
    try:
        yield
    finally:
        server.close()
        (folder / FILE_NAME).unlink(missing_ok=True)


async def ring(folder: Path, question: dict[str, Any]) -> dict[str, Any]:
    """Ask the daemon of a state folder, however long it takes to answer.

    Raises:
        Unavailable: If no daemon runs there, if it stops meanwhile, or what it says is wrong.
    """
    try:
        with _address(folder) as address:
            reader, writer = await asyncio.open_unix_connection(address, limit=LONGEST_LINE)
    except OSError as refused:
        raise Unavailable(
            "No daemon answers here.",
            detail=f"Nobody listens in its state folder {folder}.",
            next_step="Start one with `courier daemon`, or do one pass with `courier apply`.",
        ) from refused
    try:
        writer.write(json.dumps(question).encode() + b"\n")
        line = await reader.readline()
    except (OSError, ValueError) as broken:
        raise Unavailable("The daemon broke off.", detail=str(broken)) from broken
    finally:
        writer.close()
    if not line:
        raise Unavailable("The daemon stopped before it answered.")
    told: dict[str, Any] = json.loads(line)
    if "error" in told:
        raise Unavailable(told["error"], detail=told.get("detail", ""))
    return told


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer
) -> None:
    try:
        question = json.loads(await reader.readline())
        told = await answer(question)
    except CourierError as fault:
        told = {"error": fault.summary, "detail": fault.detail}
    except (ValueError, KeyError, TypeError) as wrong:
        log.warning("somebody asked what means nothing here: %r", wrong)
        told = {"error": "This daemon does not understand the question.", "detail": str(wrong)}
    with suppress(OSError):
        writer.write(json.dumps(told).encode() + b"\n")
        await writer.drain()


def _bound(folder: Path) -> socket.socket:
    path = folder / FILE_NAME
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with _address(folder) as address:
            before = os.umask(0o177)
            try:
                listener.bind(address)
            finally:
                os.umask(before)
    except OSError as refused:
        listener.close()
        raise Misconfigured(
            "The daemon's socket cannot be made.",
            detail=f"{path}: {refused}.",
            next_step="Set COURIER_HOME to a shorter path on a local disk.",
        ) from refused
    return listener


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """Give an address of the socket that is short enough, which a folder's path may not be."""
    path = str(folder / FILE_NAME)
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield path
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{opened}/{FILE_NAME}"
    finally:
        os.close(opened)
