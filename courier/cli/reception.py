"""Where `courier daemon` listens: its address, and what is answered there."""

import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

from courier.engine.fleet import Fleet
from courier.errors import Misused
from courier.web.router import Router
from courier.web.server import Address, listening
from courier.web.webhooks import PATH, Hinted, Webhooks

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
    text: str, hosts: Sequence[str], fleet: Fleet, environment: Mapping[str, str]
) -> AsyncIterator[Address]:
    """Take webhooks for a fleet until the end; gives where."""
    address = address_of(text)
    webhooks = Webhooks(lambda: list(_hinted(fleet, environment)))
    router = Router([address.host, *hosts])
    router.add("POST", PATH, webhooks.push)
    async with listening(address, router.answer) as bound:
        yield bound


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
