"""Showing what happens in a sandbox while it happens."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from courier.cli.console import Console
from courier.cli.views import guests
from courier.cli.views.ink import safe
from courier.engine.interactive.telling import Answered, Follower, Moment
from courier.runs.interactive.frozen import Word

if TYPE_CHECKING:
    from courier.wiring import Wiring

LOOK_SECONDS = 0.2
"""How often is looked whether something was carried out."""


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


async def see_through(
    wiring: "Wiring",
    console: Console,
    asked: Mapping[str, Sequence[Word]],
    *,
    output: str = "text",
) -> bool:
    """Wait until sandboxes have done what they were asked for; return whether all is well.

    Done is: open, or paused, or gone, and while it runs every message answered.

    Args:
        wiring: Of the repository.
        console: Where to tell what became of each.
        asked: Name to what it was told just now.
        output: text or json; json tells nothing.
    """
    from courier.engine.interactive.telling import sandbox

    well, client = True, wiring.client()
    for name, words in asked.items():
        told = await sandbox(wiring.world, client, name)
        while not (_is_done(told) and _has_heard(told, words)):
            await wiring.clock.sleep(LOOK_SECONDS)
            told = await sandbox(wiring.world, client, name)
        if output == "text":
            why = f": {safe(str(told['message']))}" if told.get("message") else ""
            console.show(f"sandbox/{name} is {told['state']}{why}")
        well = well and told["state"] != "error"
    await client.close()
    return well


def _has_heard(told: Mapping[str, Any], words: Sequence[Word]) -> bool:
    """Return whether an account has every message and obeys the last wish; a gone one has."""
    ids = {one["id"] for one in told["messages"]}
    said = all(word.message is None or word.message.id in ids for word in words)
    wishes = [word.declared for word in words if word.declared is not None]
    obeys = not wishes or (told["declared"], told["state"]) == (wishes[-1], wishes[-1])
    return "inFlight" not in told or (said and (obeys or bool(told["message"])))


def _is_done(told: Mapping[str, Any]) -> bool:
    flying = told.get("inFlight")
    if flying is None or told["state"] == "paused":
        return flying is None or not flying["going"]
    waits = any(one["status"] in ("queued", "streaming") for one in told["messages"])
    return told["state"] == "running" and not waits and not flying["going"]
