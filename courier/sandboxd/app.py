"""The server's routes: the path decides first, then the sandbox a request is addressed to."""

import logging
from collections.abc import Sequence

from courier.sandboxd.access import (
    ENVD_PORT,
    addressed,
    require_key,
    require_local,
    signs,
)
from courier.sandboxd.catalogue import Catalogue
from courier.sandboxd.control import Control
from courier.sandboxd.envd import answer_envs, answer_metrics, answer_rpc, not_running
from courier.sandboxd.exchange import Disconnected, Exchange, HttpError, Receive, Scope, Send
from courier.sandboxd.line import AgentGone
from courier.sandboxd.ports import answer_port
from courier.sandboxd.sandboxes import WAKE_SECONDS, Live, Sandboxes
from courier.sandboxd.transfers import answer_files

CONTROL = ("sandboxes", "v2", "v3", "snapshots", "templates", "volumes", "secrets")
SERVICES = ("process.Process", "filesystem.Filesystem")
log = logging.getLogger(__name__)


class App:
    """An ASGI application."""

    def __init__(
        self, sandboxes: Sandboxes, control: Control, catalogue: Catalogue, *, key: str
    ) -> None:
        self._sandboxes = sandboxes
        self._control = control
        self._catalogue = catalogue
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        exchange = Exchange(scope, receive, send)
        try:
            await self._answer(exchange)
        except HttpError as error:
            await self._refuse(exchange, error)
        except (Disconnected, AgentGone):
            return
        except Exception:
            log.exception("%s %s failed", exchange.method, exchange.path)
            await self._refuse(exchange, HttpError(500, "The server failed; see its log."))

    async def _refuse(self, exchange: Exchange, error: HttpError) -> None:
        if exchange.started:
            return
        try:
            await exchange.refuse(error)
        except Disconnected:
            return

    async def _answer(self, exchange: Exchange) -> None:
        require_local(exchange)
        parts = exchange.parts()
        sandbox_id, port = addressed(exchange)
        by_name = "e2b-sandbox-id" not in exchange.headers and sandbox_id is not None
        if parts and parts[0] in CONTROL and not by_name:
            if "sandboxes" in parts[:2]:
                await self._control.answer(exchange, parts)
            else:
                await self._catalogue.answer(exchange, parts)
            return
        if sandbox_id is None and parts in (["health"], ["status"]):
            if parts == ["status"]:
                require_key(exchange, self._key)
            await exchange.reply(200, {"status": "ok", "sandboxes": len(self._sandboxes.all())})
            return
        live = await self._reach(exchange, sandbox_id)
        if port != ENVD_PORT:
            await answer_port(exchange, live, port)
            return
        await self._envd(exchange, live, parts)

    async def _reach(self, exchange: Exchange, sandbox_id: str | None) -> Live:
        get, signed = self._sandboxes.get, self._signed_for
        live = get(sandbox_id) if sandbox_id is not None else signed(exchange)
        if live is None:
            await exchange.discard_body()
            raise not_running(sandbox_id or "")
        if live.record.state == "paused":
            if not live.record.lifecycle.auto_resume:
                await exchange.discard_body()
                raise not_running(live.record.id)
            await self._sandboxes.wake(live, WAKE_SECONDS)
        return live

    def _signed_for(self, exchange: Exchange) -> Live | None:
        if "signature" not in exchange.query:
            raise HttpError(404, f"No such route: {exchange.method} {exchange.path}")
        for record in self._sandboxes.all():
            if signs(exchange, record.token):
                return self._sandboxes.get(record.id)
        raise HttpError(401, "invalid signature")

    async def _envd(self, exchange: Exchange, live: Live, parts: Sequence[str]) -> None:
        match parts:
            case ["health"]:
                await exchange.reply(204)
            case ["files"]:
                await answer_files(exchange, live)
            case ["metrics"]:
                await answer_metrics(exchange, live)
            case ["envs"]:
                await answer_envs(exchange, live)
            case [service, method] if service in SERVICES:
                await answer_rpc(exchange, live, f"{service}/{method}")
            case _:
                raise HttpError(404, f"No such route: {exchange.method} {exchange.path}")
