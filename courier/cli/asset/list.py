"""`courier asset list`."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.cli.asset.pins import Pins
    from courier.planning.documents.references import Ref

_EXAMPLE = """\
courier asset list
courier asset list --newest -o json"""


@click.command(cls=Verb, example=_EXAMPLE, name="list")
@click.option("--newest", is_flag=True, help="Ask each source for its newest version.")
@click.option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", help="How to show it."
)
@click.pass_obj
def list_(here: Here, output: str, *, newest: bool) -> int:
    """List what was taken, and whether it changed.

    Exits 1 if a file is not as `.courier/courier.lock` pins it.
    """
    from courier.cli.asset.pins import Pins
    from courier.cli.views.json_text import to_json
    from courier.cli.views.tables import table

    async def look() -> list[dict[str, Any]]:
        pins = Pins(here.checkout.root, await here.checkout.files())
        return [row async for row in _rows(here, pins, newest=newest)]

    rows = here.run(look())
    if output == "json":
        here.console.show(to_json({"formatVersion": 1, "assets": rows}))
    elif not rows:
        here.console.show("No assets of other repositories.")
    else:
        head = ["ASSET", "VERSION", "COMMIT", "SOURCE", "STATE"] + ["NEWEST"] * newest
        here.console.show(table([head, *map(_cells, rows)], here.console.ink))
    return 1 if any(row["changed"] for row in rows) else 0


async def _rows(here: Here, pins: "Pins", *, newest: bool) -> AsyncIterator[dict[str, Any]]:
    from courier.planning.catalog.sharing import changed

    known = await _newest(here, pins) if newest else {}
    for locked in pins.assets:
        row: dict[str, Any] = {
            "asset": str(locked.ref),
            "version": locked.version,
            "commit": locked.commit,
            "source": locked.source,
            "broughtBy": locked.brought_by,
            "changed": list(changed(locked, pins.files)),
        }
        if newest:
            row["newest"] = known[locked.ref]
        yield row


async def _newest(here: Here, pins: "Pins") -> "dict[Ref, str]":
    """Return asset to its newest published version, a dash where there is none."""
    from courier.cli.asset.pins import by_source

    found = {}
    for source, assets in by_source(pins.assets).items():
        async with here.elsewhere(source) as there:
            shelf = there.shelf()
            for locked in assets:
                found[locked.ref] = str(next(iter(await shelf.versions(locked.ref)), "-"))
    return found


def _cells(row: dict[str, Any]) -> list[str]:
    state = "; ".join(row["changed"]) or "as taken"
    cells = [row["asset"], row["version"][:12], row["commit"][:10], row["source"], state]
    return [*cells, row["newest"]] if "newest" in row else cells
