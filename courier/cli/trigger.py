"""`courier trigger`: run a recurring task now."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier trigger recurringtask/nightly && courier apply")
@click.argument("task", metavar="recurringtask/NAME")
@click.pass_obj
def trigger(here: Here, task: str) -> None:
    """Run a recurring task now.

    What it would do when it is due is done once more, even while it rests; who asked is kept on
    record. A run that completes also ends a rest after too many failures.
    """
    from courier.cli.asking import ask_of_task

    name, at = here.run(ask_of_task(here, "trigger", task))
    from courier.planning.recurring.names import asked_run

    here.console.show(f"{name} runs as {asked_run(name, at)}.")
