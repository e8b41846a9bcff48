"""`courier sandbox delete`."""

import click

from courier.cli.here import Here
from courier.cli.sandbox.desk import NAME, plain
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier sandbox delete desk")
@NAME
@click.pass_obj
def delete(here: Here, name: str) -> int:
    """Put one out of sight.

    Ends it first if it is there, like `courier sandbox kill`. Its record stays, marked as deleted,
    until `courier sandbox purge`; `courier sandbox restore` brings it back into lists.
    """
    return here.run(_delete(here, plain(name)))


async def _delete(here: Here, name: str) -> int:
    from courier.cli.sandbox.desk import keeping, requested, until
    from courier.engine.interactive import shelf
    from courier.engine.interactive.guestbook import keeper_of
    from courier.engine.interactive.requests import ask

    async with keeping(here) as kept:
        wiring = kept.wiring
        if await keeper_of(wiring.client(), name) is not None:
            kill = await requested(here, name, "kill", "it is deleted")
            await ask(kill, state=wiring.state, client=wiring.client())
            await until(wiring, name, lambda _told: False)
        await shelf.delete(wiring.state, await requested(here, name, "delete"))
    here.console.show(f"sandbox/{name} is deleted.")
    here.console.tell(f"Next: courier sandbox restore {name}, or courier sandbox purge {name}")
    return 0
