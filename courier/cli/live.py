"""Showing runs while they happen."""

from collections.abc import Sequence
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from courier.cli.console import Console
from courier.cli.views import progress
from courier.engine.following import Ended, follow

if TYPE_CHECKING:
    from courier.wiring import Wiring


async def watch(
    wiring: "Wiring", console: Console, runs: Sequence[str], *, output: str = "text"
) -> Sequence[Ended]:
    """Show what happens to runs until all have ended; return how each ended."""
    columns = get_terminal_size().columns
    view = progress.Progress(console.ink, columns=columns, names=len(runs) > 1)
    ended = []
    reader = wiring.client()
    try:
        async for moment in follow(wiring.world, reader, runs):
            if output == "json":
                console.show(progress.to_json(moment))
            else:
                for line in view.lines(moment):
                    console.show(line)
            if isinstance(moment, Ended):
                ended.append(moment)
    finally:
        await reader.close()
    return ended
