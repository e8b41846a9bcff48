"""The control plane: E2B's REST routes, v1 and v2, for one machine."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from courier.sandboxd.access import require_key
from courier.sandboxd.exchange import Exchange, HttpError
from courier.sandboxd.records import SandboxRecord, created_json, detailed_json, listed_json
from courier.sandboxd.sandboxes import Live, Sandboxes
from courier.sandboxd.templates import Templates
from courier.sandboxd.wishes import (
    DEFAULT_SECONDS,
    read_network,
    read_timeout,
    read_wish,
    require_idempotency_key,
)

Route = Callable[[Exchange, Live], Awaitable[None]]
PAGE = 100
METRICS_SLACK_SECONDS = 10
REMEMBERED_KEYS = 10_000


class Control:
    """Answers calls about sandboxes as wholes."""

    def __init__(
        self, sandboxes: Sandboxes, templates: Templates, *, key: str, domain: str
    ) -> None:
        self._sandboxes = sandboxes
        self._templates = templates
        self._key = key
        self._domain = domain
        self._by_key: dict[str, tuple[str, asyncio.Task[SandboxRecord]]] = {}

    async def answer(self, exchange: Exchange, parts: Sequence[str]) -> None:
        """Answer one call, whose path begins with ``sandboxes``.

        Raises:
            HttpError: If it is refused.
        """
        require_key(exchange, self._key)
        version = 2 if parts[0] == "v2" else 1
        rest = list(parts[1:] if version == 2 else parts)
        match exchange.method, rest:
            case "GET", ["sandboxes"]:
                await self._list(exchange)
            case "POST", ["sandboxes"]:
                await self._create(exchange, version)
            case "GET", ["sandboxes", "metrics"]:
                await self._all_metrics(exchange)
            case _, ["sandboxes", sandbox_id, *action]:
                await self._one(exchange, self._sandboxes.require(sandbox_id), action)
            case _:
                raise HttpError(404, f"No such route: {exchange.method} {exchange.path}")

    async def _one(self, exchange: Exchange, live: Live, action: list[str]) -> None:
        known: dict[tuple[str, str], Route] = {
            ("GET", ""): self._info,
            ("DELETE", ""): self._kill,
            ("POST", "connect"): self._connect,
            ("POST", "resume"): self._connect,
            ("POST", "timeout"): self._timeout,
            ("POST", "refreshes"): self._refresh,
            ("POST", "pause"): self._pause,
            ("POST", "snapshots"): self._snapshot,
            ("POST", "fork"): self._fork,
            ("PUT", "network"): self._network,
            ("GET", "metrics"): self._metrics,
            ("GET", "logs"): self._logs,
        }
        route = known.get((exchange.method, "/".join(action)))
        if route is None:
            raise HttpError(404, f"No such route: {exchange.method} {exchange.path}")
        await route(exchange, live)

    async def _create(self, exchange: Exchange, version: int) -> None:
        body = await exchange.body()
        key = exchange.headers.get("idempotency-key")
        wanted = read_wish(_object(body), self._templates, version=version)
        if key is None:
            record = await self._sandboxes.create(wanted)
        else:
            digest = hashlib.sha256(body).hexdigest()
            held = self._by_key.get(require_idempotency_key(key))
            if held is None or self._is_over(held[1]):
                while len(self._by_key) >= REMEMBERED_KEYS:
                    del self._by_key[next(iter(self._by_key))]
                held = digest, asyncio.ensure_future(self._sandboxes.create(wanted))
                self._by_key[key] = held
            if held[0] != digest:
                raise HttpError(409, "This Idempotency-Key was used for another request.")
            record = await asyncio.shield(held[1])
        await exchange.reply(201, created_json(record, self._domain))

    def _is_over(self, made: asyncio.Task[SandboxRecord]) -> bool:
        if not made.done():
            return False
        if made.cancelled() or made.exception() is not None:
            return True
        return self._sandboxes.get(made.result().id) is None

    async def _list(self, exchange: Exchange) -> None:
        records = self._filtered(exchange)
        limit = _number(exchange, "limit", PAGE)
        if not 1 <= limit <= PAGE:
            raise HttpError(400, f"'limit' must be between 1 and {PAGE}.")
        rest = _behind(
            records,
            exchange.query.get("nextToken"),
            descending=exchange.query.get("order") != "asc",
        )
        page = rest[:limit]
        running = sum(record.state == "running" for record in records)
        headers = {"x-total-running": str(running)}
        if len(rest) > limit:
            headers["x-next-token"] = _token(page[-1])
        await exchange.reply(200, [listed_json(record) for record in page], headers)

    def _filtered(self, exchange: Exchange) -> list[SandboxRecord]:
        query = exchange.query
        states = set(filter(None, query.get("state", "running,paused").split(",")))
        wanted = {
            unquote(key): unquote(value)
            for key, value in parse_qsl(query.get("metadata", ""), keep_blank_values=True)
        }
        after = _moment(query.get("startedAfter"))
        template = query.get("template")
        found = [
            record
            for record in self._sandboxes.all()
            if record.state in states
            and wanted.items() <= dict(record.metadata).items()
            and record.started_at >= after
            and template in (None, record.template, record.alias)
        ]
        return found if query.get("order") == "asc" else found[::-1]

    async def _info(self, exchange: Exchange, live: Live) -> None:
        await exchange.reply(200, detailed_json(live.record, self._domain))

    async def _kill(self, exchange: Exchange, live: Live) -> None:
        await exchange.discard_body()
        await self._sandboxes.kill(live.record.id)
        await exchange.reply(204)

    async def _connect(self, exchange: Exchange, live: Live) -> None:
        fields = await exchange.json()
        seconds = read_timeout(fields, default=DEFAULT_SECONDS)
        keep_memory = fields.get("memory") is not False
        woken = await self._sandboxes.wake(live, seconds, keep_memory=keep_memory)
        ends_at = time.time() + seconds
        if not woken and ends_at > live.record.ends_at:
            await self._sandboxes.set_end(live, ends_at)
        await exchange.reply(201 if woken else 200, created_json(live.record, self._domain))

    async def _timeout(self, exchange: Exchange, live: Live) -> None:
        seconds = read_timeout(await exchange.json(), default=DEFAULT_SECONDS)
        await self._sandboxes.set_end(live, time.time() + seconds)
        await exchange.reply(204)

    async def _refresh(self, exchange: Exchange, live: Live) -> None:
        seconds = read_timeout(await exchange.json(), default=15, name="duration")
        ends_at = max(live.record.ends_at, time.time() + seconds)
        await self._sandboxes.set_end(live, ends_at)
        await exchange.reply(204)

    async def _pause(self, exchange: Exchange, live: Live) -> None:
        fields = await exchange.json()
        await self._sandboxes.pause(live, keep_memory=fields.get("memory") is not False)
        await exchange.reply(204)

    async def _snapshot(self, exchange: Exchange, live: Live) -> None:
        name = (await exchange.json()).get("name")
        snapshot = await self._sandboxes.snapshot(live, self._templates, name)
        await exchange.reply(201, {"snapshotID": snapshot.id, "names": list(snapshot.names)})

    async def _fork(self, exchange: Exchange, live: Live) -> None:
        await exchange.discard_body()
        said = f"Sandbox {live.record.id} cannot be forked with its processes on this server; "
        raise HttpError(501, said + "make a snapshot and create sandboxes from that.")

    async def _network(self, exchange: Exchange, live: Live) -> None:
        fields = await exchange.json()
        internet, network = read_network(fields | {"network": fields})
        if internet != live.record.internet:
            said = "This server decides about the network when a sandbox is created, not later."
            raise HttpError(400, said)
        live.record = replace(live.record, network=network)
        await exchange.reply(204)

    async def _metrics(self, exchange: Exchange, live: Live) -> None:
        now = time.time()
        first = _number(exchange, "start", 0)
        last = _number(exchange, "end", int(now))
        within = first <= now and last >= now - METRICS_SLACK_SECONDS
        await exchange.reply(200, [await self._sandboxes.measure(live)] if within else [])

    async def _all_metrics(self, exchange: Exchange) -> None:
        ids = exchange.query.get("sandbox_ids", "").split(",")
        found = {
            each: await self._sandboxes.measure(live)
            for each in ids
            if (live := self._sandboxes.get(each)) is not None
        }
        await exchange.reply(200, {"sandboxes": found})

    async def _logs(self, exchange: Exchange, live: Live) -> None:
        _ = live
        await exchange.reply(200, {"logs": [], "logEntries": []})


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError as problem:
        raise HttpError(400, f"The request's body is not JSON: {problem}") from problem
    if not isinstance(found, dict):
        raise HttpError(400, "The request's body must be a JSON object.")
    return found


def _number(exchange: Exchange, name: str, default: int) -> int:
    value = exchange.query.get(name)
    if value is None:
        return default
    if not value.isdigit():
        raise HttpError(400, f"'{name}' must be a whole number.")
    return int(value)


def _token(record: SandboxRecord) -> str:
    return base64.urlsafe_b64encode(f"{record.started_at} {record.id}".encode()).decode()


def _behind(
    records: list[SandboxRecord], token: str | None, *, descending: bool
) -> list[SandboxRecord]:
    """Return what follows the last page, even if its last sandbox has ended since."""
    if not token:
        return records
    try:
        started, _, sandbox_id = base64.urlsafe_b64decode(token).decode().partition(" ")
        last = float(started), sandbox_id
    except ValueError as problem:
        raise HttpError(400, "'nextToken' is not one that this server gave.") from problem
    if descending:
        return [record for record in records if _place(record) < last]
    return [record for record in records if _place(record) > last]


def _place(record: SandboxRecord) -> tuple[float, str]:
    return record.started_at, record.id


def _moment(text: str | None) -> float:
    if not text:
        return 0.0
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as problem:
        raise HttpError(400, "'startedAfter' must be an RFC 3339 time.") from problem
