"""`courier reject`: say no to a run that waits for a person."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(cls=Verb, example='courier reject fix-slugify --reason "changes the public API"')
@click.argument("run")
@click.option("--reason", required=True, help="Why; kept on record with your name.")
@click.option("--gate", metavar="NAME", help="Only if it waits at the approval of this name.")
@click.pass_obj
def reject(here: Here, run: str, reason: str, gate: str | None) -> None:
    """Say no to a run that waits for a person.

    The run fails as ApprovalRejected. Its branch is kept, the draft pull request it opened for you
    is closed.
    """
    from courier.cli.answering import Answer, answered

    said = Answer("reject", run.removeprefix("run/"), reason, gate=gate)
    here.console.show(here.run(answered(here, said)))
