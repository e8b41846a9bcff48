"""`courier asset add`."""

from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.cli.asset.pins import Pins
    from courier.engine.passes.shelf import Parcel

_EXAMPLE = """\
courier asset add https://example.com/acme/agents.git skill/review
courier asset add ../agents persona/designer --version 1.2.0"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("source")
@click.argument("name", metavar="KIND/NAME")
@click.option(
    "--version",
    "version",
    metavar="V",
    help="A published version, a branch or a commit; the newest published one by default.",
)
@click.pass_obj
def add(here: Here, source: str, name: str, version: str | None) -> None:
    """Take an asset of another repository.

    Copies it, and whatever it stands on that is not here yet, into `.courier/` and pins it in
    `.courier/courier.lock`. SOURCE is a repository as git knows it: an address or a folder.
    """
    from courier.cli.asset.pins import Pins, asset_named

    ref = asset_named(name)

    async def take() -> "tuple[Pins, Parcel]":
        pins = Pins(here.checkout.root, await here.checkout.files())
        async with here.elsewhere(source) as there:
            shelf = there.shelf()
            chosen = await shelf.choose(ref, version)
            return pins, await shelf.take(ref, chosen, present=pins.present)

    pins, parcel = here.run(take())
    paths = pins.put(parcel)
    for locked in parcel.assets:
        brought = f", brought along by {locked.brought_by}" if locked.brought_by else ""
        here.console.show(f"{locked.ref} {locked.version} ({locked.commit[:10]}){brought}")
    for path in paths:
        here.console.show(f"  wrote {path}")
    here.console.tell("Next: read what came, `git add .courier`, and commit it.")
