"""`courier pr close`."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier pr close 1")
@click.argument("number")
@click.pass_obj
def close(here: Here, number: str) -> None:
    """Close one without merging.

    Its branch stays; the run is not done again.
    """
    from courier.cli.pr.numbers import found

    async def decide() -> str:
        by = await here.checkout.identity()
        async with here.wired() as wiring:
            forge, pull = await found(wiring, number)
            pull = await forge.close(pull.number, by=by)
        return f"Closed #{pull.number}; its branch {pull.branch} stays."

    here.console.show(here.run(decide()))
