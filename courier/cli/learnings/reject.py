"""`courier learnings reject`."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = 'courier learnings reject freeze-time-1a2b3c4d --reason "we mock the clock"'


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--reason", default="", help="Kept on record with your name.")
@click.pass_obj
def reject(here: Here, names: tuple[str, ...], reason: str) -> None:
    """Do without some, for good.

    What an open pull request proposes is taken out of it, and nothing like it is proposed again; a
    pull request with nothing left in it is closed. A document on disk gets `status: rejected`,
    which takes effect once it is on the tracked branch.
    """
    from courier.cli.learnings.deciding import decide

    here.console.show(here.run(decide(here, "reject", names, reason=reason)))
