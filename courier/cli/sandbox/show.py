"""`courier sandbox show`."""

import click

from courier.cli.here import Here
from courier.cli.sandbox.desk import NAME, plain
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier sandbox show desk\ncourier sandbox show desk -o json")
@NAME
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    help="How to show it.",
)
@click.pass_obj
def show(here: Here, name: str, output: str) -> None:
    """Show one with its conversation.

    Where it is kept here, as it is this moment; else as its record on `courier/state` tells it.
    """
    from courier.cli.views import guests
    from courier.cli.views.json_text import to_json
    from courier.engine.interactive.telling import sandbox
    from courier.planning.yaml.blocks import to_yaml

    async def look() -> None:
        async with here.wired() as wiring:
            told = await sandbox(wiring.world, wiring.client(), plain(name))
        if output == "json":
            here.console.show(to_json({"formatVersion": 1, "kind": "Sandbox", "item": told}))
        elif output == "yaml":
            here.console.show(to_yaml(told))
        else:
            here.console.show(guests.told(told, here.clock.now(), here.console.ink))

    here.run(look())
