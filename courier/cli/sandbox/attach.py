"""`courier sandbox attach`."""

import click

from courier.cli.here import Here
from courier.cli.sandbox.desk import NAME, plain
from courier.cli.verb import Verb

_EXAMPLE = """\
courier sandbox attach desk
courier sandbox attach desk --agent
echo "make test" | courier sandbox attach desk"""


@click.command(cls=Verb, example=_EXAMPLE)
@NAME
@click.option("--agent", "agent", is_flag=True, help="Its conversation instead of a shell.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="With --agent; json: one event a line.",
)
@click.pass_obj
def attach(here: Here, name: str, output: str, *, agent: bool) -> int:
    """Open a terminal in one, or its conversation.

    A login shell in the repository, on a terminal of its own: full-screen programs, Ctrl-C and
    resizing work as they do here. Ctrl-] leaves; leaving ends the shell, not the sandbox. Piped
    input is typed, and its end ends the shell. Exits as the shell does.

    With --agent: what its agent says and does as it happens, errors included; every line you type
    is a message. Ctrl-D leaves once all are answered, Ctrl-C at once.

    The sandbox's time does not run out while you are in it.
    """
    if agent:
        from courier.cli.sandbox.conversation import converse

        return here.run(converse(here, plain(name), output=output))
    from courier.cli.sandbox.seat import sit

    return here.run(sit(here, plain(name)))
