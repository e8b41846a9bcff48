"""Pausing and resuming: asked for, and seen carried out."""

from typing import Literal

from courier.cli.here import Here


async def change(
    here: Here,
    name: str,
    *,
    action: Literal["pause", "resume"],
    wish: Literal["paused", "running"],
) -> int:
    """Ask for a state and wait until the sandbox is in it; return the exit code."""
    from courier.cli.sandbox.desk import ask, keeping, live_one, until

    async with keeping(here) as kept:
        wiring = kept.wiring
        live = await live_one(wiring, name)
        if live.live.state == wish:
            here.console.show(f"sandbox/{name} is {wish} already.")
            return 0
        await ask(here, wiring, name, action)
        told = await until(
            wiring,
            name,
            lambda told: told["state"] == wish or (told["wish"] != wish and told["message"] != ""),
        )
    here.console.show(f"sandbox/{name} is {told['state']}.")
    if told["state"] != wish:
        here.console.tell(str(told["message"] or told["reason"]))
        return 1
    return 0
