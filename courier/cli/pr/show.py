"""`courier pr show`."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier pr show 1")
@click.argument("number")
@click.pass_obj
def show(here: Here, number: str) -> None:
    """Show one with its text.

    The text tells what the agent did, how each step ended, and what it cost; above it stands what
    continuous integration says of its newest commit.
    """
    from courier.cli.pr.numbers import found
    from courier.cli.views.proposal import told

    async def look() -> None:
        async with here.wired() as wiring:
            forge, pull = await found(wiring, number)
            checks = await forge.checks(pull.head, number=pull.number)
        here.console.show(told(pull, here.console.ink, checks=checks))

    here.run(look())
