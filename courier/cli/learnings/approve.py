"""`courier learnings approve`."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier learnings approve freeze-time-1a2b3c4d")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--comment", default="", help="Kept on record with your name.")
@click.pass_obj
def approve(here: Here, names: tuple[str, ...], comment: str) -> None:
    """Let runs be told some.

    What an open pull request proposes is merged, squashed into one commit, as you: git's user.name
    and user.email say who that is. A document on disk that is proposed or rejected gets `status:
    approved`, which takes effect once it is on the tracked branch.
    """
    from courier.cli.learnings.deciding import decide

    here.console.show(here.run(decide(here, "approve", names, reason=comment)))
