"""`courier pr diff`."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier pr diff 1\ncourier pr diff 1 --color never > fix.patch")
@click.argument("number")
@click.pass_obj
def diff(here: Here, number: str) -> None:
    """Show what one changes.

    The difference between where its branch left the base and its tip; for a terminal it is made
    safe to look at, into a file or pipe it goes as it is.
    """
    from courier.cli.pr.numbers import found
    from courier.cli.views import proposal
    from courier.engine.accounts.records import RunRecords

    async def look() -> str:
        async with here.wired() as wiring:
            _, pull = await found(wiring, number)
            base = (await wiring.mirror.head(pull.base)).commit
            if pull.status == "merged":
                # Nothing is left between a base that has the work and its tip.
                record = await RunRecords(wiring.state, wiring.index).find(pull.run)
                base = record.value["base"]["commit"] if record else base
            return await wiring.mirror.diff(base, pull.head)

    text, console = here.run(look()), here.console
    console.show(
        proposal.diff(text, console.ink) if console.ink.colour or console.is_terminal else text
    )
