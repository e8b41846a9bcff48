"""`courier sandbox list`."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command("list", cls=Verb, example="courier sandbox list\ncourier sandbox list --all -o wide")
@click.option("--all", "every", is_flag=True, help="Also those that were deleted.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "wide", "json", "name"]),
    default="table",
    help="How to show them.",
)
@click.pass_obj
def list_(here: Here, output: str, *, every: bool) -> None:
    """List them.

    Those that are there first, then the newest. The last line counts the active ones of each
    project, from their records.
    """
    from courier.cli.views import guests, listing
    from courier.engine.interactive.telling import sandboxes
    from courier.runs.interactive.account import active_counts

    async def look() -> None:
        async with here.wired() as wiring:
            found = await sandboxes(wiring.world, wiring.client())
        shown = [told for told in found if every or not told.get("deletedAt")]
        items = {str(told["sandbox"]): told for told in shown}
        if output == "json":
            here.console.show(listing.json_of([("Sandbox", items)]))
        elif output == "name":
            here.console.show(listing.names_of([("Sandbox", items)]))
        else:
            rows = guests.rows(shown, here.clock.now(), wide=output == "wide")
            here.console.show(listing.tables([("Sandbox", rows)], here.console.ink))
            here.console.tell(guests.active(active_counts(iter(found))))

    here.run(look())
