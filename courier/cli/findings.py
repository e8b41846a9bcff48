"""What `courier doctor` finds out, one function a subject."""

import os
import platform
import sys
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from courier.cli.finding import Finding, Level
from courier.cli.forge_findings import github
from courier.cli.installing import installing
from courier.cli.programs import agents
from courier.cli.standing_findings import database, disk, locks, sandboxes
from courier.errors import CourierError

if TYPE_CHECKING:
    from courier.cli.here import Here
    from courier.wiring import Wiring


async def findings(here: "Here") -> list[Finding]:
    """Return everything, in the order a person would set it up."""
    found = [_python(), await _git(here), *_state(here)]
    found += [each async for each in database(here)]
    found += list(_sandboxes(here))
    found += await agents(here)
    found += await installing(here)
    found += [each async for each in _repository(here)]
    return found


def _python() -> Finding:
    return Finding("python", "ok", f"{platform.python_version()} at {sys.executable}")


async def _git(here: "Here") -> Finding:
    from courier.system import find_program, version_of

    program = find_program("git", here.environment)
    said = await version_of(program, here.environment) if program else None
    if program is None or said is None:
        return Finding("git", "missing", "There is no git.", "Install git 2.38 or newer.")
    words = [word for word in said.split() if word[0].isdigit()]
    numbers = [int(part) for part in words[0].split(".")[:2] if part.isdigit()] if words else []
    if numbers and numbers < [2, 38]:
        return Finding("git", "missing", said, "courier needs git 2.38 or newer.")
    return Finding("git", "ok", f"{said} at {program}")


def _state(here: "Here") -> Iterator[Finding]:
    from courier.settings import state_home

    home = state_home(here.environment)
    probe = home / f"doctor.{os.getpid()}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe.write_text("")
        probe.unlink()
    except OSError as failed:
        yield Finding("state folder", "missing", str(failed), "Set COURIER_HOME to another folder.")
        return
    yield Finding("state folder", "ok", str(home))
    yield disk(home)
    yield locks(home, here.clock.now().timestamp())


def _sandboxes(here: "Here") -> Iterator[Finding]:
    from courier.sandboxd.ladder import isolation_report
    from courier.sandboxd.launcher import status
    from courier.wiring import server_folder

    if here.settings.sandboxes == "cloud":
        has_key = bool(here.environment.get("E2B_API_KEY"))
        advice = "" if has_key else "Set E2B_API_KEY, or unset COURIER_SANDBOXES."
        yield Finding("sandboxes", "ok" if has_key else "missing", "E2B's cloud", advice)
        return
    report = isolation_report(server_folder(here.settings), allow_plain=here.settings.allow_plain)
    for rung in report.findings:
        level: Level = "ok" if rung.works else "note"
        yield Finding(f"isolation {rung.name}", level, rung.detail, rung.advice)
        if rung.name == report.chosen:
            break
    if report.chosen is None:
        yield Finding(
            "isolation",
            "missing",
            "Sandboxes cannot be isolated here, so none is started.",
            "Follow the advice above, or set E2B_API_KEY to use E2B's cloud.",
        )
    found = status(server_folder(here.settings))
    told = f"runs as process {found.pid}, {found.sandboxes} sandboxes" if found.running else "idle"
    yield Finding("sandboxes", "ok", f"the embedded server: {told}; it starts when needed")


async def _repository(here: "Here") -> AsyncIterator[Finding]:
    try:
        remote = await here.checkout.remote()
    except CourierError as none:
        yield Finding("repository", "note", none.summary, none.next_step)
        return
    yield Finding("repository", "ok", str(here.checkout.root))
    try:
        who = await here.checkout.identity()
        yield Finding("identity", "ok", f"{who.name} <{who.email}>")
    except CourierError as unknown:
        yield Finding("identity", "note", unknown.summary, unknown.next_step)
    try:
        async with here.wired() as wiring:
            forge = [each async for each in github(wiring)]
            for each in await _reached(here, wiring, remote):
                yield each
    except CourierError as failed:
        yield Finding("remote", "note", f"{remote}: {failed.summary}", failed.next_step)
        return
    for each in forge:
        yield each


async def _reached(here: "Here", wiring: "Wiring", remote: str) -> list[Finding]:
    """Return what git finds at the remote, and what is in flight; or why it does not get there."""
    from courier.engine.running.runner import FLOW

    try:
        await wiring.mirror.fetch()
        head = await wiring.mirror.head()
        running = wiring.presence.other()
        found = await wiring.client().list(live=True)
        live = sum(one.flow == FLOW for one in found)
        left = await sandboxes(here, wiring, {one.run_id for one in found})
    except CourierError as failed:
        return [Finding("remote", "note", f"{remote}: {failed.summary}", failed.next_step)]
    flying = f"{live} run{'' if live == 1 else 's'} in flight"
    told = f"run by {running}" if running is not None else "none runs"
    advice = (
        ""
        if running is not None
        else "`courier daemon` keeps reconciling; `courier apply` does one pass."
    )
    level: Level = "ok" if running is not None or not live else "note"
    place = f"{remote}, tracked branch {head.branch} {head.commit[:10]}"
    return [
        Finding("remote", "ok", place),
        Finding("engine", level, f"{told}, {flying}", advice),
        left,
    ]
