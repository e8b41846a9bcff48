"""What a starting server does with what the last one left: take over what lives, remove the rest."""

import asyncio
import contextlib
import logging
import os
import signal

from courier.sandboxd.agent.envelopes import Fault
from courier.sandboxd.holders import await_death, lives, marked, strike
from courier.sandboxd.homes import remove_tree
from courier.sandboxd.layout import Layout
from courier.sandboxd.line import AgentGone
from courier.sandboxd.records import SandboxRecord
from courier.sandboxd.sandboxes import Sandboxes

ANSWER_SECONDS = 3.0
log = logging.getLogger(__name__)


async def sweep(layout: Layout, sandboxes: Sandboxes) -> None:
    """Adopt every sandbox whose agent answers; kill and remove everything else."""
    directories = list(layout.sandboxes.iterdir())
    records = [SandboxRecord.load(directory) for directory in directories]
    answers = await asyncio.gather(
        *(_answers(sandboxes, record) if record else _no() for record in records)
    )
    kept = set()
    for record, answered in zip(records, answers, strict=True):
        if record is not None and answered:
            sandboxes.adopt(record, sandboxes.lines_of(record.id))
            kept.add(record.id)
        elif record is not None:
            strike(record.holder)
            await await_death(record.holder)
    for pid, sandbox_id in marked(sandboxes.mark):
        if sandbox_id not in kept:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    for directory in directories:
        if directory.name not in kept:
            await asyncio.to_thread(remove_tree, directory)
    for path in layout.sockets.iterdir():
        if path.name not in kept:
            path.unlink(missing_ok=True)
    if directories:
        log.info("took over %d sandboxes, removed %d", len(kept), len(directories) - len(kept))


async def _no() -> bool:
    return False


async def _answers(sandboxes: Sandboxes, record: SandboxRecord) -> bool:
    if not lives(record.holder.agent_pid, record.holder.agent_started):
        return False
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await sandboxes.lines_of(record.id).ask("agent/Configure", {})
    except (AgentGone, Fault, TimeoutError):
        return False
    return True
