"""What the verbs share: finding a sandbox, asking something of it, and seeing it carried out."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from courier.cli.here import Here

if TYPE_CHECKING:
    from courier.engine.interactive.requests import SandboxRequest
    from courier.engine.interactive.telling import Told
    from courier.engine.seam import RunClient
    from courier.engine.serving.errand import Errand
    from courier.runs.interactive.frozen import Word
    from courier.wiring import Wiring

_NAMED = re.compile(r"^kind: *Sandbox *$[^#]*?\bname: *([-a-z0-9]+)", re.MULTILINE)

LOOK_SECONDS = 0.2
"""How often is looked whether something was carried out."""


def complete_names(
    ctx: click.Context,
    _param: click.Parameter,
    incomplete: str,
) -> list[CompletionItem]:
    """Return the names of sandboxes that documents of the working tree ask for."""
    from pathlib import Path

    from courier.errors import CourierError
    from courier.storage.checkout import find_root

    start = Path(str(ctx.find_root().params.get("folder") or ".")).absolute()
    try:
        paths = sorted((find_root(start) / ".courier").rglob("*.y*ml"))
        texts = [path.read_text("utf-8", "replace") for path in paths]
    except (CourierError, OSError):
        return []
    names = (name for text in texts for name in _NAMED.findall(text))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def plain(name: str) -> str:
    """Return the sandbox's name, also from ``sandbox/NAME``."""
    return name.removeprefix("sandbox/")


class Kept(NamedTuple):
    """Courier with an engine that keeps sandboxes."""

    wiring: "Wiring"
    errand: "Errand"


@asynccontextmanager
async def keeping(here: Here) -> AsyncIterator[Kept]:
    """Open courier with an engine that keeps sandboxes: one that runs already, or our own."""
    async with here.wired() as wiring:
        errand = wiring.errand()
        async with errand.attended():
            yield Kept(wiring, errand)


async def live_one(wiring: "Wiring", name: str) -> "Told":
    """Return a sandbox that is kept here.

    Raises:
        NotFound: If there is none of that name.
        Conflict: If it is not there any more, or is kept elsewhere.
    """
    from courier.engine.interactive.telling import kept, on_record
    from courier.errors import Conflict

    told = await kept(wiring.world, wiring.client(), name)
    if told is not None:
        return told
    account = await on_record(wiring.state, name)
    if account.get("state") in ("creating", "running", "paused"):
        raise Conflict(
            f"Sandbox {name} is not kept on this machine.",
            detail="Its record says it is there; another machine keeps it.",
            next_step="Work with it from that machine, or give a sandbox of yours a new name.",
        )
    raise Conflict(
        f"Sandbox {name} is gone: {account.get('state')}, {account.get('reason')}.",
        detail=str(account.get("message") or ""),
        next_step=f"See `courier sandbox show {name}`; a new one needs a new name.",
    )


async def requested(here: Here, name: str, action: str, content: str = "") -> "SandboxRequest":
    """Return what the person asks, with who and when."""
    from courier.engine.interactive.requests import SandboxRequest

    by = await here.checkout.identity()
    return SandboxRequest.model_validate(
        {
            "action": action,
            "sandbox": name,
            "by": f"{by.name} <{by.email}>",
            "at": here.clock.now(),
            "content": content,
        }
    )


async def ask(here: Here, wiring: "Wiring", name: str, action: str, content: str = "") -> bool:
    """Put what the person asks on record and pass it on; return whether it is kept here."""
    from courier.engine.interactive.requests import ask as put

    request = await requested(here, name, action, content)
    return await put(request, state=wiring.state, client=wiring.client())


async def tell(client: "RunClient", run: str, word: "Word") -> None:
    """Say something to a sandbox that is kept here and that nobody needs to know later."""
    import json

    from courier.errors import Conflict, NotFound
    from courier.runs.interactive.frozen import WORD

    with suppress(NotFound, Conflict):
        told = json.loads(word.model_dump_json(by_alias=True))
        await client.send(run, WORD, told)


async def until(
    wiring: "Wiring", name: str, holds: Callable[[Mapping[str, Any]], bool]
) -> Mapping[str, Any]:
    """Wait until a sandbox's account is so, or it is gone; return the account."""
    from courier.engine.interactive.telling import sandbox

    client = wiring.client()
    while True:
        told = await sandbox(wiring.world, client, name)
        if holds(told) or "inFlight" not in told:
            return told
        await wiring.clock.sleep(LOOK_SECONDS)


NAME = click.argument("name", shell_complete=complete_names)
"""The sandbox a verb is about."""
