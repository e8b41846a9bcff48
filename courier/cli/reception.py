"""Where `courier daemon` and `courier worker` listen: its address, and what is answered there."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from courier.cli.here import Here
from courier.engine.serving.fleet import Fleet
from courier.engine.serving.health import Health, Look, Sandboxes, WorkerHealth, Workplaces
from courier.errors import Misused
from courier.sandboxd.launcher import status
from courier.web.health import ALIVE, METRICS, READY, exposition, probe
from courier.web.router import Router
from courier.web.server import Address, listening
from courier.web.webhooks import PATH, Hinted, Webhooks
from courier.wiring import server_folder

if TYPE_CHECKING:
    from courier.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

VARIABLE = "COURIER_WEBHOOK_SECRET"
"""The variable with the secret of repositories that name no other."""


def address_of(text: str) -> Address:
    """Return where to listen.

    Raises:
        Misused: If the text is no HOST:PORT.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise Misused(
            "This is no address to listen at.", detail=text, next_step="Try 127.0.0.1:8470."
        )
    return Address(host.strip("[]"), int(port))


@asynccontextmanager
async def received(
    text: str, hosts: Sequence[str], fleet: Fleet, metrics: "Metrics", here: Here
) -> AsyncIterator[Address]:
    """Take webhooks for a fleet, and tell how it is, until the end; gives where."""
    address = address_of(text)
    webhooks = Webhooks(lambda: list(_hinted(fleet, here.environment)))
    redact = here.commons.secrets.redact
    health = Health(lambda: fleet.daemons, _sandboxes(here), here.clock, redact)
    router = _observed([address.host, *hosts], health, metrics)
    router.add("POST", PATH, webhooks.push)
    async with listening(address, router.answer) as bound:
        yield bound


@asynccontextmanager
async def watched(
    text: str, hosts: Sequence[str], workplaces: Workplaces, metrics: "Metrics", here: Here
) -> AsyncIterator[Address]:
    """Tell how it is with a worker until the end; gives where."""
    address = address_of(text)
    health = WorkerHealth(workplaces, _sandboxes(here), here.commons.secrets.redact)
    router = _observed([address.host, *hosts], health, metrics)
    async with listening(address, router.answer) as bound:
        yield bound


def _observed(hosts: Sequence[str], health: Look, metrics: "Metrics") -> Router:
    router = Router(hosts)
    router.add("GET", ALIVE, probe(health.alive))
    router.add("GET", READY, probe(health.ready))
    router.add("GET", METRICS, exposition(metrics.text, metrics.media_type))
    return router


def _sandboxes(here: Here) -> Sandboxes:
    """Return what tells whether the embedded server answers, where one was started."""

    async def look() -> str:
        if here.settings.sandboxes == "cloud":
            return ""
        found = await asyncio.to_thread(status, server_folder(here.settings))
        if found.pid is None or found.running:
            return ""
        return f"The sandbox server, process {found.pid}, does not answer."

    return look


def unsigned(fleet: Fleet, environment: Mapping[str, str]) -> Sequence[str]:
    """Return the repositories whose webhooks cannot be checked here, so that none is taken."""
    return [one.repository for one in _hinted(fleet, environment) if not one.secret]


def _hinted(fleet: Fleet, environment: Mapping[str, str]) -> Iterator[Hinted]:
    daemons = fleet.daemons
    for target in fleet.targets:
        daemon = daemons[target.repository]
        secret = environment.get(target.secret or VARIABLE, "").encode()
        if daemon is None:
            yield Hinted(target.repository, secret, "", lambda _ref, _commit: False)
        else:
            yield Hinted(target.repository, secret, daemon.branch, daemon.hint)
