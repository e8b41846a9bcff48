"""`courier notify retry`: letters that were given up, once more."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = """\
courier notify retry notice-1f2e3d4c5b6a7988.team-chat
courier notify retry --all"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="All that were given up.")
@click.pass_obj
def retry(here: Here, names: tuple[str, ...], *, everything: bool) -> None:
    """Send letters again that were given up.

    They are queued again with the same id, so that a receiver that has one already may pass it
    over, and are sent by the daemon, or by the next `courier apply`.
    """
    again = here.run(_send(here, names, everything=everything))
    for name in again:
        here.console.show(f"{name} is queued.")
    if not again:
        here.console.tell("No letter was given up.")


async def _send(here: Here, names: tuple[str, ...], *, everything: bool) -> list[str]:
    from courier.engine.notices.outbox import posted, send_again
    from courier.errors import Misused, NotFound

    if everything == bool(names):
        raise Misused(
            "Name letters, or say --all.", next_step="`courier notify list` has their names."
        )
    async with here.wired() as wiring:
        client = wiring.client()
        dead = {one.name: one for one in await posted(client) if one.state == "dead"}
        for name in names:
            if name not in dead:
                raise NotFound(
                    "No letter of that name was given up.",
                    detail=name,
                    next_step="See `courier notify list`.",
                )
        wanted = [dead[name] for name in names] if names else list(dead.values())
        return [await send_again(client, one) for one in reversed(wanted)]
