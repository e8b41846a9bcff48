"""`courier template`: the machines that documents describe."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Entry, Verb, Verbs

if TYPE_CHECKING:
    from courier.runs.run.frozen import FrozenSandbox

ENTRIES = {
    "list": Entry("courier.cli.template:list_", "List templates and what is done to build them."),
    "build": Entry("courier.cli.template:build", "Build one now, so that no run waits for it."),
}
"""Every verb; the summary is the first line of its help."""


@click.group(cls=Verbs, entries=ENTRIES)
def template() -> None:
    """Look at templates, or build one ahead of time.

    A template is built once, by the first run that needs it. The documents are those on disk here.
    """


@click.command("list", cls=Verb, example="courier template list\ncourier template list -o json")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to show them."
)
@click.pass_obj
def list_(here: Here, output: str) -> None:
    """List templates and what is done to build them."""
    from courier.cli.views.ink import columns, safe
    from courier.cli.views.json_text import to_json
    from courier.cli.views.machines import machine_line

    async def look() -> "Mapping[str, FrozenSandbox]":
        async with here.wired() as wiring:
            return wiring.preview().machines(await here.checkout.files())

    found = here.run(look())
    if output == "json":
        items = {name: each.model_dump(mode="json", by_alias=True) for name, each in found.items()}
        here.console.show(to_json({"formatVersion": 1, "templates": items}))
        return
    rows = [(safe(name), safe(machine_line(each)), _place(each)) for name, each in found.items()]
    here.console.show("\n".join(columns([("base", "exists everywhere", ""), *rows])))


@click.command(cls=Verb, example="courier template build tools")
@click.argument("name")
@click.pass_obj
def build(here: Here, name: str) -> None:
    """Build one now, so that no run waits for it.

    Prints the name it has where sandboxes are made. A template that is there already is not built
    again.
    """
    from courier.errors import NotFound

    async def prepare() -> str:
        async with here.wired() as wiring:
            preview = wiring.preview()
            machines = preview.machines(await here.checkout.files())
            if name not in machines:
                raise NotFound(f"No document in .courier/ is Template/{name}.")
            return await preview.prepare(machines[name])

    here.console.show(here.run(prepare()))


def _place(machine: "FrozenSandbox") -> str:
    return machine.prepared.place if machine.prepared else ""
