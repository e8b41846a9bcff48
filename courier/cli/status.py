"""`courier status`: how the daemon and its projects stand."""

from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.engine.serving.status import Household, Status

_EXAMPLE = """\
courier status
courier status --all
courier status -o json"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.option("--all", "everything", is_flag=True, help="Every repository, not only this one.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to show it.",
)
@click.pass_obj
def status(here: Here, output: str, *, everything: bool) -> int:
    """Tell how the daemon and its projects stand.

    For every project the conditions Ready, Reconciling and Stalled with reason and since when; the
    commit that was looked at last and the one whose documents are in force. It is what the daemon
    on the state folder told last, also if it is off. Exits 1 if a project is stalled, or no daemon
    runs.
    """
    from courier.cli.views import standing
    from courier.engine.serving.harbour import household, occupant

    home = here.settings.home
    pid, told = occupant(home), household(home)
    found = here.run(_found(here, told, everything=everything))
    now, console = here.clock.now(), here.console
    if output == "json":
        console.show(standing.json_of(told, found, running=pid is not None))
    else:
        console.show(standing.of_daemon(told, now, console.ink, pid=pid))
        console.show(standing.shown(found, now, console.ink))
    stalled = any(one.is_true("Stalled") for each in found for one in each.conditions)
    return 1 if stalled or pid is None else 0


async def _found(here: Here, told: "Household | None", *, everything: bool) -> "list[Status]":
    from courier.engine.serving.status import Status, read_status
    from courier.errors import NotFound
    from courier.wiring import home_of

    names = list(told.repositories) if told else []
    if not everything:
        try:
            names = [(await here.home()).remote]
        except NotFound:
            here.console.note("There is no repository here; this is every one of the daemon's.")
    files = [home_of(here.settings, name).status_file for name in names]
    return [one for file in files if (one := read_status(file, Status)) is not None]
