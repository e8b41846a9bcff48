"""`courier trigger`: run a recurring task now."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier trigger recurringtask/nightly && courier apply")
@click.argument("task", metavar="KIND/NAME")
@click.pass_obj
def trigger(here: Here, task: str) -> None:
    """Run a recurring task or scan now.

    What it would do when it is due is done once more, even while it rests; who asked is kept on
    record. A run that completes also ends a rest after too many failures.
    """
    from courier.cli.asking import ask_of_task

    ref, at = here.run(ask_of_task(here, "trigger", task))
    from courier.planning.recurring.names import asked_of

    here.console.show(f"{ref.name} runs as {asked_of(ref, at)}.")
