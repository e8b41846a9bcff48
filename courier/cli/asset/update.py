"""`courier asset update`."""

from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.cli.asset.pins import Pins
    from courier.engine.passes.shelf import Shelf
    from courier.planning.catalog.sharing import Locked

_EXAMPLE = """\
courier asset update
courier asset update skill/review --version 2.0.0"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("names", nargs=-1, metavar="[KIND/NAME]...")
@click.option("--version", metavar="V", help="This version instead of the newest.")
@click.pass_obj
def update(here: Here, names: tuple[str, ...], version: str | None) -> None:
    """Take assets anew, in newer versions.

    Without names, all that were asked for; what they brought along comes with them. An asset that
    was changed here is refused.
    """
    from courier.cli.asset.pins import Pins, asset_named, by_source
    from courier.errors import Misused, NotFound

    if version is not None and len(names) != 1:
        raise Misused("A version is of one asset.", next_step="Name it.")
    wanted = [asset_named(name) for name in names]

    async def take() -> None:
        pins = Pins(here.checkout.root, await here.checkout.files())
        asked = [locked for locked in pins.assets if locked.brought_by is None]
        known = {locked.ref for locked in asked}
        for ref in wanted:
            if ref not in known:
                raise NotFound(f"{ref} was not taken here.", next_step="See `courier asset list`.")
        meant = [locked for locked in asked if not wanted or locked.ref in wanted]
        for source, assets in by_source(meant).items():
            async with here.elsewhere(source) as there:
                shelf = there.shelf()
                for locked in assets:
                    pins = await _renew(here, shelf, pins, locked, version)
        if not meant:
            here.console.tell("No assets of other repositories.")

    here.run(take())


async def _renew(
    here: Here, shelf: "Shelf", pins: "Pins", locked: "Locked", version: str | None
) -> "Pins":
    from courier.cli.asset.pins import Pins
    from courier.planning.catalog.sharing import parse_version

    follows = locked.version if parse_version(locked.version) is None else None
    chosen = await shelf.choose(locked.ref, version or follows)
    if chosen.commit == locked.commit and chosen.name == locked.version:
        here.console.show(f"{locked.ref} {locked.version} is the newest")
        return pins
    brought = {other.ref for other in pins.assets if other.brought_by == str(locked.ref)}
    present = pins.present - brought - {locked.ref}
    parcel = await shelf.take(locked.ref, chosen, present=present)
    paths = pins.put(parcel)
    here.console.show(f"{locked.ref} {locked.version} -> {chosen.name} ({chosen.commit[:10]})")
    for path in paths:
        here.console.show(f"  wrote {path}")
    return Pins(here.checkout.root, await here.checkout.files())
