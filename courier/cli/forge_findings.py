"""What `courier doctor` finds out about GitHub: whether it lets courier in, and to do what."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from courier.cli.finding import Finding
from courier.errors import CourierError

if TYPE_CHECKING:
    from courier.wiring import Wiring


async def github(wiring: "Wiring") -> AsyncIterator[Finding]:
    """Yield how it is with GitHub, where courier can prove itself or a project wants it."""
    transport = wiring.github.transport
    if transport is None or not (wiring.settings.has_github or await _is_wanted(wiring)):
        return
    from courier.forges.github import rights

    address = transport.address
    place = f"{address.web}/{address.owner}/{address.name}"
    try:
        found = await rights(transport)
    except CourierError as fault:
        yield Finding("github", "missing", f"{place}: {fault}", fault.next_step)
        return
    who = "as a GitHub App" if transport.credential.is_app else "with a token"
    yield Finding("github", "ok", f"{place}, {who}")
    for right in (one for one in found if not one.is_there):
        told = f"{right.name}: {right.wanted} is missing. {right.detail}".strip()
        yield Finding(f"github {right.name}", "missing", told, "See docs/github.md, Permissions.")


async def _is_wanted(wiring: "Wiring") -> bool:
    try:
        return "github" in await wiring.offices().open_ones()
    except CourierError:
        return False
