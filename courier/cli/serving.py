"""What `courier daemon` does: which repositories there are, signals, and the end."""

import asyncio
import logging
import os
import re
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from courier import __version__
from courier.cli.boundary import INTERRUPTED
from courier.cli.here import Here
from courier.cli.reception import VARIABLE, address_of, received, unsigned
from courier.engine.serving.daemon import INTERVAL_SECONDS, Daemon
from courier.engine.serving.fleet import Fleet, Ship, Target
from courier.engine.serving.harbour import Harbour
from courier.engine.serving.status import Household
from courier.errors import CourierError, InvalidCatalog, Misused, NotFound
from courier.planning.documents.watchlist import Watchlist, read_watchlist
from courier.resources.durations import duration_pattern, to_seconds
from courier.system import watch
from courier.web.webhooks import PATH
from courier.wiring import Wiring, home_of

if TYPE_CHECKING:
    from courier.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

_INTERVAL = duration_pattern("5s", "1d")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was said on the command line.

    Attributes:
        remotes: Repositories, as people name them.
        config: The file with others.
        interval: A duration; None for the file's own, or the usual one.
        listen: Where to take webhooks, HOST:PORT; None for nowhere.
        hosts: Names that address may be called by.
    """

    remotes: Sequence[str] = ()
    config: Path | None = None
    interval: str | None = None
    listen: str | None = None
    hosts: Sequence[str] = ()


async def serve(here: Here, asked: Asked) -> None:
    """Be the daemon of the state folder until told to stop."""
    if asked.interval is not None and not re.fullmatch(_INTERVAL, asked.interval):
        raise Misused(
            "This is no interval.", detail=asked.interval, next_step="Give 5s to 1d, such as 30s."
        )
    first = await _targets(here, asked)
    stop, again = asyncio.Event(), asyncio.Event()
    fleet = Fleet(partial(_ship, here), here.clock, pid=os.getpid())
    status = Household(
        pid=os.getpid(),
        version=__version__,
        started_at=here.clock.now(),
        config=str(asked.config or ""),
        listen=str(address_of(asked.listen)) if asked.listen else "",
    )
    harbour = Harbour(here.settings.home, fleet, status)
    metrics = _metrics(here, fleet) if asked.listen else None
    async with harbour.opened(), AsyncExitStack() as opened:
        _obey_signals(here, stop, again)
        await harbour.keep_to(first)
        names = ", ".join(target.repository for target in first) or "nothing yet"
        here.console.tell(f"Reconciling {names}; Ctrl-C stops, agents go on.")
        if asked.listen and metrics is not None:
            receiving = received(asked.listen, asked.hosts, fleet, metrics, here)
            bound = await opened.enter_async_context(receiving)
            here.console.tell(f"Webhooks are taken at http://{bound}{PATH}.")
            for name in unsigned(fleet, here.environment):
                here.console.note(f"{name} has no secret for webhooks ({VARIABLE}): none is taken.")
        following = asyncio.create_task(_follow(here, asked, harbour, (stop, again)))
        await stop.wait()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        left = await fleet.in_flight()
    _say_goodbye(here, left)


def _metrics(here: Here, fleet: Fleet) -> "Metrics":
    # Its library takes a while to import, and only who listens can be asked.
    from courier.cli.observing import metrics_of

    return metrics_of(here, fleet)


def _obey_signals(here: Here, stop: asyncio.Event, again: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def end() -> None:
        if stop.is_set():
            here.console.tell("Quit at once; the next daemon tidies up.")
            os._exit(INTERRUPTED)
        stop.set()
        here.console.tell("Stopping; once more quits at once.")

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, again.set)


def _say_goodbye(here: Here, left: Sequence[str]) -> None:
    if left:
        named = ", ".join(left[:10]) + (f" and {len(left) - 10} more" if len(left) > 10 else "")
        here.console.tell(f"Still in flight: {named}.")
    here.console.tell("Stopped. What is in flight goes on with the next daemon or apply.")


async def _follow(
    here: Here, asked: Asked, harbour: Harbour, events: tuple[asyncio.Event, asyncio.Event]
) -> None:
    """Keep to the list of repositories as it changes; a wrong one leaves the last in force."""
    if asked.config is None:
        return
    stop, again = events
    known = _mark(asked.config)
    async for forced in _hints(asked.config, stop, again):
        now = _mark(asked.config)
        if now == known and not forced:
            continue
        known = now
        try:
            await harbour.keep_to(await _targets(here, asked))
        except CourierError as wrong:
            log.warning("the list of repositories stays as it was: %s", wrong)
            harbour.explain(_lines(wrong))


async def _hints(config: Path, stop: asyncio.Event, again: asyncio.Event) -> AsyncIterator[bool]:
    """Yield whenever the file may have changed; True if somebody says that it is to be read."""
    looked = asyncio.Event()

    async def look() -> None:
        async for _ in watch([config.parent], stop, below=False):
            looked.set()

    looking = asyncio.create_task(look())
    try:
        while not stop.is_set():
            waits = {asyncio.create_task(looked.wait()), asyncio.create_task(again.wait())}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            forced = again.is_set()
            looked.clear()
            again.clear()
            yield forced
    finally:
        looking.cancel()


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_ino, told.st_size, told.st_mtime_ns


def _lines(wrong: CourierError) -> Sequence[str]:
    if isinstance(wrong, InvalidCatalog):
        return [f"{one.position}: {one.summary}. {one.detail}" for one in wrong.diagnostics]
    return [str(wrong)]


async def _targets(here: Here, asked: Asked) -> Sequence[Target]:
    interval = to_seconds(asked.interval) if asked.interval else None
    found = [
        Target(await address(here, name), interval or INTERVAL_SECONDS) for name in asked.remotes
    ]
    if asked.config is not None:
        listed = _read(asked.config)
        for each in listed.repositories:
            place = await address(here, each.url, seen_from=asked.config.parent)
            seconds = interval or to_seconds(each.interval or listed.interval)
            secret = each.webhook_secret or listed.webhook_secret or ""
            found.append(Target(place, float(seconds), secret))
    elif not found:
        found = [Target((await here.home()).remote, interval or INTERVAL_SECONDS)]
    return list({target.repository: target for target in found}.values())


def _read(path: Path) -> Watchlist:
    try:
        data = path.read_bytes()
    except OSError as missing:
        raise NotFound(
            "The list of repositories cannot be read.",
            detail=f"{path}: {missing.strerror}.",
            next_step="Write it: `repositories:` with a list of `url: ...`.",
        ) from missing
    found, problems = read_watchlist(str(path), data)
    if found is None:
        raise InvalidCatalog(problems, where=str(path))
    return found


async def address(here: Here, name: str, *, seen_from: Path | None = None) -> str:
    """Return where a repository is, for git; of a clone, where it was cloned from.

    Args:
        here: Where the command was started.
        name: A URL, or a folder.
        seen_from: The folder it is named from; without it, the one the person is in.
    """
    if ":" in name.partition("/")[0]:
        return name
    from courier.storage.checkout import Checkout

    folder = ((seen_from or here.cwd) / Path(name).expanduser()).resolve()
    if not folder.is_dir():
        raise NotFound("There is no such repository.", detail=str(folder))
    if not (folder / ".git").exists():
        return str(folder)
    return await Checkout(folder, here.environment).remote()


def _ship(here: Here, target: Target) -> Ship:
    home = home_of(here.settings, target.repository)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Daemon]:
        wiring = Wiring(here.settings, home, here.environment, commons=here.commons)
        async with wiring.opened():
            engine = wiring.engine()
            await engine.start()
            try:
                yield wiring.daemon(engine, interval=target.interval)
            finally:
                await engine.stop()

    return Ship(opened, home.status_file)
