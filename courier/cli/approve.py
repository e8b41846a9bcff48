"""`courier approve`: let a run go on that waits for a person."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = """\
courier approve fix-slugify
courier approve fix-slugify --comment "read every line" --tree 1f2e3d4c5b6a"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("run")
@click.option("--gate", metavar="NAME", help="Only if it waits at the approval of this name.")
@click.option("--tree", metavar="ID", help="Only if its work is this tree; the start will do.")
@click.option("--comment", default="", help="Kept on record with your name.")
@click.pass_obj
def approve(here: Here, run: str, gate: str | None, tree: str | None, comment: str) -> None:
    """Let a run go on that waits for a person.

    Your yes is about exactly the work there is now: other work is asked about again. You are who
    git's user.name and user.email say, and in the Team also COURIER_USER. Who may approve is said
    by the workflow's `approvals` and the project's Team.
    """
    from courier.cli.answering import Answer, answered

    said = Answer("approve", run.removeprefix("run/"), comment, gate=gate, tree=tree)
    here.console.show(here.run(answered(here, said)))
