"""`courier learnings show`."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier learnings show freeze-time")
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    help="How to show it.",
)
@click.pass_obj
def show(here: Here, name: str, output: str) -> None:
    """Show one with all that is known of it.

    What it says, where it is, which runs showed it, how many were told it, and which other
    learnings it contradicts.
    """
    from courier.cli.learnings.looking import look, machine_readable
    from courier.cli.views import learnings
    from courier.errors import NotFound

    wanted = name.removeprefix("learning/")
    found = next((one for one in here.run(look(here)) if one.lesson.name == wanted), None)
    if found is None:
        raise NotFound(
            f"There is no learning {wanted}.", next_step="List them with `courier learnings list`."
        )
    if output != "text":
        here.console.show(machine_readable(learnings.to_value(found), output))
    else:
        here.console.show(learnings.to_text(found, here.console.ink))
