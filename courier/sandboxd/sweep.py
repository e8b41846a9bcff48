"""What a starting server does with what the last one left: adopt what lives, remove the rest."""

import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path

from courier.sandboxd.agent.envelopes import Fault
from courier.sandboxd.cradle import Cradle
from courier.sandboxd.holders import await_death, kill_stragglers, lives, marked, strike
from courier.sandboxd.homes import remove_tree
from courier.sandboxd.layout import Layout
from courier.sandboxd.line import AgentGone
from courier.sandboxd.records import SandboxRecord
from courier.sandboxd.sandboxes import Sandboxes

ANSWER_SECONDS = 3.0
log = logging.getLogger(__name__)


async def sweep(layout: Layout, cradle: Cradle, sandboxes: Sandboxes) -> None:
    """Adopt every sandbox whose agent answers; kill and remove everything else."""
    directories = list(layout.sandboxes.iterdir())
    kept = set(
        filter(None, await asyncio.gather(*(_adopt(cradle, sandboxes, d) for d in directories)))
    )
    for pid, sandbox_id in marked(cradle.mark):
        if sandbox_id not in kept:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    for directory in directories:
        if directory.name not in kept:
            await asyncio.to_thread(remove_tree, directory)
    for path in layout.sockets.iterdir():
        if path.name not in kept:
            path.unlink(missing_ok=True)
    cradle.means.groups.remove_all_but(kept)
    if directories:
        log.info("took over %d sandboxes, removed %d", len(kept), len(directories) - len(kept))


async def _adopt(cradle: Cradle, sandboxes: Sandboxes, directory: Path) -> str | None:
    record = SandboxRecord.load(directory)
    if record is None:
        return None
    if await _answers(cradle, record):
        sandboxes.adopt(record)
        return record.id
    strike(record.holder)
    await await_death(record.holder)
    if record.isolation != "bubblewrap":
        await asyncio.to_thread(kill_stragglers, record.id, record.uid)
    return None


async def _answers(cradle: Cradle, record: SandboxRecord) -> bool:
    if not lives(record.holder.agent_pid, record.holder.agent_started):
        return False
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await cradle.lines_of(record.id).ask("agent/Configure", {})
    except (AgentGone, Fault, TimeoutError):
        return False
    return True
