"""Showing runs while they happen."""

import asyncio
from collections.abc import Sequence
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from courier.cli.console import Console
from courier.cli.views import progress
from courier.engine.accounts.following import Ended, follow

if TYPE_CHECKING:
    from courier.wiring import Wiring

TICK_SECONDS = 0.25
"""How often a terminal's last line is drawn anew."""


async def watch(
    wiring: "Wiring", console: Console, runs: Sequence[str], *, output: str = "text"
) -> Sequence[Ended]:
    """Show what happens to runs until all have ended or wait for people; return those ended."""
    columns = get_terminal_size().columns if console.is_terminal else 100
    view = progress.Progress(console.ink, columns=columns, names=len(runs) > 1)
    ended = []
    reader = wiring.client()
    ticking = asyncio.create_task(_tick(wiring, console, view))
    try:
        async for moment in follow(wiring.world, reader, runs, patient=False):
            if output == "json":
                console.show(progress.to_json(moment))
            else:
                for line in view.lines(moment):
                    console.show(line)
            if isinstance(moment, Ended):
                ended.append(moment)
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        console.passing("")
        await reader.close()
    return ended


async def _tick(wiring: "Wiring", console: Console, view: progress.Progress) -> None:
    while console.is_terminal:
        console.passing(view.status(wiring.clock.now()))
        await wiring.clock.sleep(TICK_SECONDS)
