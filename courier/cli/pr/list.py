"""`courier pr list`."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(
    "list", cls=Verb, example="courier pr list\ncourier pr list --status created -o json"
)
@click.option("--status", type=click.Choice(["created", "merged", "closed"]), help="Only these.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "wide", "json"]),
    default="table",
    help="How to show them.",
)
@click.pass_obj
def list_(here: Here, status: str | None, output: str) -> None:
    """List pull requests.

    Newest first; created means open.
    """
    from courier.cli.kinds import PULL_REQUEST
    from courier.cli.pr.numbers import name_of
    from courier.cli.views import listing, tables

    async def look() -> None:
        async with here.wired() as wiring:
            found = await wiring.offices().list(status=status)
        if output == "json":
            items = {name_of(one): one.model_dump(mode="json", by_alias=True) for one in found}
            here.console.show(listing.json_of([(PULL_REQUEST, items)]))
        else:
            rows = tables.pull_requests(found, here.clock.now(), wide=output == "wide")
            here.console.show(listing.tables([(PULL_REQUEST, rows)], here.console.ink))

    here.run(look())
