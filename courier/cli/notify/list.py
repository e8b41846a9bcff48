"""`courier notify list`: letters, and what became of them."""

from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.engine.notices.outbox import Posted

_EXAMPLE = """\
courier notify list
courier notify list --all -o json"""


@click.command("list", cls=Verb, example=_EXAMPLE)
@click.option("--all", "everything", is_flag=True, help="Also those that arrived.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    help="How to show it.",
)
@click.pass_obj
def list_(here: Here, output: str, *, everything: bool) -> None:
    """List letters that did not arrive.

    Those that wait for another try and those that were given up, the newest first, with the reason.
    What this machine's engine knows, or with COURIER_DATABASE_URL that of all workers; ended
    letters are kept for thirty days.
    """
    from courier.cli.views import letters

    found = here.run(_look(here))
    shown = [one for one in found if everything or one.state != "sent"]
    console = here.console
    if output == "json":
        console.show(letters.json_of(shown))
        return
    console.show(letters.table_of(shown, here.clock.now(), console.ink))
    if not shown:
        count = len(found)
        console.tell(f"All letters arrived: {count}." if found else "No letter was written yet.")


async def _look(here: Here) -> "list[Posted]":
    from courier.engine.notices.outbox import posted

    async with here.wired() as wiring:
        return list(await posted(wiring.client()))
