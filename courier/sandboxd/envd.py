"""What the SDKs call envd: processes and files of one sandbox, passed through to its agent."""

import asyncio
import contextlib
import json
import os
import time
from base64 import b64decode

from courier.sandboxd.access import require_token
from courier.sandboxd.agent.envelopes import (
    END,
    HEADER_BYTES,
    Fault,
    Message,
    Unpacker,
    pack_end,
)
from courier.sandboxd.exchange import Exchange, HttpError
from courier.sandboxd.line import AgentGone, Line
from courier.sandboxd.sandboxes import Live

STATUS = {
    "canceled": 499,
    "unknown": 500,
    "invalid_argument": 400,
    "deadline_exceeded": 504,
    "not_found": 404,
    "already_exists": 409,
    "permission_denied": 403,
    "resource_exhausted": 429,
    "failed_precondition": 400,
    "aborted": 409,
    "out_of_range": 400,
    "unimplemented": 501,
    "internal": 500,
    "unavailable": 503,
    "data_loss": 500,
    "unauthenticated": 401,
}
SERVER_STREAMS = {
    "process.Process/Start",
    "process.Process/Connect",
    "filesystem.Filesystem/WatchDir",
}
CLIENT_STREAMS = {"process.Process/StreamInput"}
STREAM_TYPE = {"content-type": "application/connect+json"}
CUT = Fault("unavailable", "the connection to the sandbox ended before the stream completed")


def not_running(sandbox_id: str) -> HttpError:
    """Return what the edge answers for a sandbox that is not there; clients match the words."""
    return HttpError(502, f"The sandbox {sandbox_id} was not found")


def not_open(port: int) -> HttpError:
    """Return what the edge answers for a port nobody listens on; clients match the words."""
    return HttpError(502, f"The sandbox is running but port is not open (port {port})")


async def answer_rpc(exchange: Exchange, live: Live, method: str) -> None:
    """Answer one Connect call by passing it to the sandbox's agent.

    Raises:
        HttpError: If the caller is refused, or the sandbox has just ended.
    """
    require_token(exchange, live.record.token)
    if exchange.method != "POST":
        raise HttpError(405, "Connect calls are POST requests.")
    try:
        if method in SERVER_STREAMS:
            await _server_stream(exchange, live, method)
        elif method in CLIENT_STREAMS:
            await _client_stream(exchange, live, method)
        else:
            await _unary(exchange, live, method)
    except AgentGone as gone:
        raise not_running(live.record.id) from gone


async def _unary(exchange: Exchange, live: Live, method: str) -> None:
    message = await exchange.json()
    try:
        answer = await live.lines.ask(method, message, user=caller(exchange))
    except Fault as fault:
        await exchange.reply(STATUS.get(fault.code, 500), fault.to_json())
        return
    await exchange.reply(200, answer)


async def _server_stream(exchange: Exchange, live: Live, method: str) -> None:
    try:
        message = _only_message(await exchange.body())
    except Fault as fault:
        await _whole_stream(exchange, pack_end(fault))
        return
    line = await live.lines.open(
        method,
        message,
        user=caller(exchange),
        timeout=_milliseconds(exchange) / 1000,
        keepalive=_keepalive(exchange),
    )
    async with line:
        relay = asyncio.ensure_future(_relay(exchange, line))
        left = asyncio.ensure_future(exchange.disconnected())
        try:
            await asyncio.wait((relay, left), return_when=asyncio.FIRST_COMPLETED)
            if relay.done():
                relay.result()
        finally:
            for task in (relay, left):
                task.cancel()
            await asyncio.gather(relay, left, return_exceptions=True)


async def _relay(exchange: Exchange, line: Line) -> None:
    borders = _Borders()
    chunks = line.chunks()
    first = await anext(chunks, b"")
    if not first:
        raise AgentGone
    await exchange.start(200, STREAM_TYPE)
    borders.pass_over(first)
    await exchange.send(first)
    with contextlib.suppress(AgentGone):
        async for chunk in chunks:
            borders.pass_over(chunk)
            await exchange.send(chunk)
    if borders.inside:
        raise AgentGone
    await exchange.send(b"" if borders.ended else pack_end(CUT), more=False)


class _Borders:
    """Follows envelopes in a passing stream without holding or parsing their payloads."""

    def __init__(self) -> None:
        self._left = 0
        self._head = b""
        self.ended = False

    @property
    def inside(self) -> bool:
        return self._left > 0 or bool(self._head)

    def pass_over(self, data: bytes) -> None:
        position = 0
        while position < len(data):
            if self._left:
                step = min(self._left, len(data) - position)
                self._left -= step
                position += step
                continue
            need = HEADER_BYTES - len(self._head)
            self._head += data[position : position + need]
            position += need
            if len(self._head) == HEADER_BYTES:
                self.ended = self.ended or bool(self._head[0] & END)
                self._left = int.from_bytes(self._head[1:], "big")
                self._head = b""


async def _client_stream(exchange: Exchange, live: Live, method: str) -> None:
    async with await live.lines.open(method, {}, user=caller(exchange)) as line:
        answer = asyncio.ensure_future(line.message())
        try:
            await _feed(exchange, line, answer)
            seconds = _milliseconds(exchange) / 1000 or None
            fields = await asyncio.wait_for(answer, seconds)
        except Fault as fault:
            await _whole_stream(exchange, pack_end(fault))
            return
        except TimeoutError:
            late = Fault("deadline_exceeded", "The stream reached its timeout.")
            await _whole_stream(exchange, pack_end(late))
            return
        finally:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)
    from courier.sandboxd.agent.envelopes import pack_json

    await _whole_stream(exchange, pack_json(fields) + pack_end())


async def _feed(exchange: Exchange, line: Line, answer: asyncio.Future[Message]) -> None:
    unpacker = Unpacker()
    async for chunk in exchange.chunks():
        for flag, payload in unpacker.feed(chunk):
            if not flag & END and not answer.done():
                await line.send(payload)
    if not answer.done():
        await line.send_end()


async def _whole_stream(exchange: Exchange, envelopes: bytes) -> None:
    await exchange.start(200, STREAM_TYPE)
    await exchange.send(envelopes, more=False)


def _only_message(body: bytes) -> Message:
    envelopes = [payload for flag, payload in Unpacker().feed(body) if not flag & END]
    if len(envelopes) != 1:
        raise Fault("invalid_argument", "The call must carry exactly one message.")
    try:
        message = json.loads(envelopes[0] or b"{}")
    except ValueError as problem:
        raise Fault("invalid_argument", f"The message is not JSON: {problem}") from problem
    if not isinstance(message, dict):
        raise Fault("invalid_argument", "The message must be a JSON object.")
    return message


def caller(exchange: Exchange) -> str:
    """Return the user named by Basic authentication, or an empty text."""
    scheme, _, given = exchange.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    with contextlib.suppress(ValueError):
        return b64decode(given).decode().partition(":")[0]
    return ""


def _milliseconds(exchange: Exchange) -> int:
    value = exchange.headers.get("connect-timeout-ms", "0")
    return int(value) if value.isdigit() else 0


def _keepalive(exchange: Exchange) -> int:
    value = exchange.headers.get("keepalive-ping-interval", "")
    return int(value) if value.isdigit() and int(value) else 90


async def answer_metrics(exchange: Exchange, live: Live) -> None:
    """Answer envd's ``/metrics``."""
    require_token(exchange, live.record.token)
    try:
        found = await live.lines.ask("agent/Metrics", {})
    except (AgentGone, Fault) as gone:
        raise not_running(live.record.id) from gone
    memory = found["memoryBytes"]
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    answer = {
        "ts": int(time.time()),
        "cpu_count": os.cpu_count() or 1,
        "cpu_used_pct": 0.0,
        "mem_used": memory,
        "mem_total": total,
        "mem_used_mib": memory // 2**20,
        "mem_total_mib": total // 2**20,
    }
    await exchange.reply(200, answer)


async def answer_envs(exchange: Exchange, live: Live) -> None:
    """Answer envd's ``/envs``: the sandbox's variables."""
    require_token(exchange, live.record.token)
    try:
        found = await live.lines.ask("agent/Configure", {})
    except (AgentGone, Fault) as gone:
        raise not_running(live.record.id) from gone
    await exchange.reply(200, found["variables"])
