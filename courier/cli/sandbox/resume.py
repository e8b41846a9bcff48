"""`courier sandbox resume`."""

import click

from courier.cli.here import Here
from courier.cli.sandbox.desk import NAME, plain
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier sandbox resume desk")
@NAME
@click.pass_obj
def resume(here: Here, name: str) -> int:
    """Let a paused one go on.

    Its agent goes on where it was, in the same conversation, and messages that came meanwhile are
    answered.
    """
    from courier.cli.sandbox.changing import change

    return here.run(change(here, plain(name), action="resume", wish="running"))
