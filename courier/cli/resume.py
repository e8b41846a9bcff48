"""`courier resume`: let a recurring task go on after too many failures."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier resume recurringtask/nightly")
@click.argument("task", metavar="recurringtask/NAME")
@click.option("--reason", default="", help="Why; kept on record with your name.")
@click.pass_obj
def resume(here: Here, task: str, reason: str) -> None:
    """Let a recurring task go on after failures.

    One that rests since too many of its runs failed in a row is due again, and its failures are
    counted anew. What came while it rested is not made up for; `courier trigger` runs it now. A
    task that rests because a document says `suspend: true` goes on when that line is gone.
    """
    from courier.cli.asking import ask_of_task

    ref, _ = here.run(ask_of_task(here, "resume", task, reason=reason))
    here.console.show(f"{ref.name} goes on.")
