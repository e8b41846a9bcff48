"""`courier asset publish`."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier asset publish skill/review --version 1.2.0")
@click.argument("name", metavar="KIND/NAME")
@click.option("--version", required=True, metavar="X.Y.Z", help="The version's three numbers.")
@click.pass_obj
def publish(here: Here, name: str, version: str) -> None:
    """Publish a version of an asset.

    Tags the tracked branch as the remote has it, e.g. `courier/skill/review/v1.2.0`; other
    repositories take it from there with `courier asset add`. A published version never changes.
    """
    from courier.cli.asset.pins import asset_named
    from courier.errors import Misused
    from courier.planning.catalog.sharing import parse_version

    ref, number = asset_named(name), parse_version(version)
    if number is None:
        raise Misused("A version has three numbers.", detail=version, next_step="Try `1.2.0`.")

    async def push() -> str:
        async with here.wired() as wiring:
            return await wiring.shelf().publish(ref, number)

    here.console.show(f"Published {ref} {number} as tag {here.run(push())}.")
