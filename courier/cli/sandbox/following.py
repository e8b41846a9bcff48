"""Showing what happens in a sandbox while it happens."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from courier.cli.console import Console
from courier.cli.views import guests
from courier.engine.interactive.telling import Answered, Follower, Moment

if TYPE_CHECKING:
    from courier.wiring import Wiring


async def follow(
    wiring: "Wiring",
    console: Console,
    run: str,
    *,
    output: str = "text",
    done: Callable[[set[str]], bool],
) -> list[Answered]:
    """Show what happens until enough was answered, or the sandbox is gone.

    Args:
        wiring: Of the repository.
        console: Where to show it.
        run: The engine's name of the sandbox.
        output: text or json.
        done: Whether to stop, by the ids answered while looking.
    """
    answered: list[Answered] = []
    follower = Follower(wiring.world, wiring.client(), run)
    async for moments in follower.moments():
        for moment in moments:
            shown(console, moment, output)
            if isinstance(moment, Answered):
                answered.append(moment)
        if done({one.message.given.id for one in answered}):
            break
    return answered


def shown(console: Console, moment: Moment, output: str) -> None:
    """Print something that happened, as text or json."""
    if output == "json":
        console.show(guests.to_json(moment))
        return
    for line in guests.lines(moment, console.ink):
        console.show(line)
