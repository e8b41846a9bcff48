"""What `courier doctor` finds out about what lasts: disk, locks, database, sandboxes."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from courier.cli.finding import Finding
from courier.errors import CourierError

if TYPE_CHECKING:
    from courier.cli.here import Here
    from courier.wiring import Wiring

LITTLE_SPACE = 2 << 30
"""Bytes below which the disk of the state folder is worth a look."""

NO_SPACE = 200 << 20
"""Bytes below which runs will fail."""

OLD_LOCK_SECONDS = 900.0
"""How old a lock of git has to be to count as left over: git holds one for moments."""

_SHOWN = 3


def disk(home: Path) -> Finding:
    """Return how much room the state folder has; it must exist."""
    free = shutil.disk_usage(home).free
    told = f"{free / (1 << 30):.1f} GB free in {home}"
    if free < NO_SPACE:
        return Finding("disk", "missing", told, "Make room, or set COURIER_HOME to another disk.")
    if free < LITTLE_SPACE:
        return Finding("disk", "note", told, "Make room: work is copied and packed there.")
    return Finding("disk", "ok", told)


def locks(home: Path, now: float) -> Finding:
    """Return what was left locked by processes that are gone.

    Args:
        home: The state folder.
        now: Seconds of the epoch.
    """
    from courier.engine.serving.harbour import household, occupant

    left = [str(path) for path in _git_locks(home) if _age(path, now) > OLD_LOCK_SECONDS]
    if left:
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        advice = "If no git runs there, delete them."
        return Finding("locks", "note", ", ".join(left[:_SHOWN]) + more, advice)
    told = household(home)
    if told is not None and told.stopped_at is None and occupant(home) is None:
        said = f"Process {told.pid} was daemon here and was killed; nothing is held."
        return Finding("locks", "ok", said)
    return Finding("locks", "ok", "none is left over")


def _git_locks(home: Path) -> Iterator[Path]:
    for repository in (home / "repositories").glob("*"):
        yield from repository.glob("*/*.lock")
        yield from repository.glob("*/refs/**/*.lock")


def _age(path: Path, now: float) -> float:
    # The engine's own locks are the system's, and let go of with their process.
    if path.name in ("journal.lock", "daemon.lock"):
        return 0.0
    try:
        return now - path.stat().st_mtime
    except OSError:
        return 0.0


async def database(here: "Here") -> AsyncIterator[Finding]:
    """Yield whether the database answers, where there is one."""
    url = here.settings.database_url
    if url is None:
        return
    try:
        from courier.engine.postgres.schema import MIGRATIONS, Database, find_session, schema_of
    except ImportError:
        advice = "Install courier with its extra `postgres`."
        yield Finding("database", "missing", "The library for PostgreSQL is not here.", advice)
        return
    try:
        home = (await here.home()).id
    except CourierError:
        home = "doctor"
    place = Database(url, schema_of(home))
    try:
        session = await asyncio.to_thread(find_session, place, name="courier doctor")
    except CourierError as fault:
        yield Finding("database", "missing", f"{fault.summary} {fault.detail}", fault.next_step)
        return
    if session is None:
        yield Finding("database", "ok", f"{place} answers; its tables are made when first needed")
        return
    session.close()
    yield Finding("database", "ok", f"{place} answers, tables of version {len(MIGRATIONS)}")


async def sandboxes(here: "Here", wiring: "Wiring", live: Collection[str]) -> Finding:
    """Return which sandboxes of this repository belong to nothing that is in flight.

    Args:
        here: Where the command was started.
        wiring: The repository's.
        live: What is in flight.
    """
    from courier.sandboxd.launcher import status
    from courier.wiring import server_folder

    name = "left-over sandboxes"
    embedded = here.settings.sandboxes == "embedded"
    # Looking must not start the server.
    if embedded and not status(server_folder(here.settings)).running:
        return Finding(name, "ok", "the embedded server is not running")
    try:
        found = await wiring.sandboxes.find({"courier-home": wiring.world.home})
    except CourierError as fault:
        return Finding(name, "note", fault.summary, fault.next_step)
    left = [one.id for one in found if one.labels.get("courier-run", "") not in live]
    if not left:
        return Finding(name, "ok", f"none; {len(found)} in use")
    more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    advice = "Their time-outs end them; `courier sandboxd stop --kill` ends all on this machine."
    return Finding(name, "note", ", ".join(left[:_SHOWN]) + more, advice)
