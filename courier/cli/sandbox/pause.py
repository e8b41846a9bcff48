"""`courier sandbox pause`."""

import click

from courier.cli.here import Here
from courier.cli.sandbox.desk import NAME, plain
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier sandbox pause desk")
@NAME
@click.pass_obj
def pause(here: Here, name: str) -> int:
    """Freeze one with its memory.

    Its agent and everything else in it stops where it is and uses neither time nor money until
    `courier sandbox resume`; its time does not run on. The document may say the same with
    `desiredState`; whichever was said last counts.
    """
    from courier.cli.sandbox.changing import change

    return here.run(change(here, plain(name), action="pause", wish="paused"))
