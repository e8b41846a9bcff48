"""`courier sandbox send`."""

import sys
from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.sandbox.desk import NAME, plain
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.cli.sandbox.desk import Kept

_EXAMPLE = """\
courier sandbox send desk "Now write a test for it"
git diff | courier sandbox send desk -
courier sandbox send desk "And the docs" --no-wait"""


@click.command(cls=Verb, example=_EXAMPLE)
@NAME
@click.argument("message", nargs=-1, required=True)
@click.option("--wait/--no-wait", default=True, help="Show the answer, or only leave the message.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: one event a line.",
)
@click.pass_obj
def send(here: Here, name: str, message: tuple[str, ...], output: str, *, wait: bool) -> int:
    """Say something to its agent.

    The agent answers in the same conversation; - reads the message from stdin. While it works on
    something else the message waits in line. For the agent `shell` a message is a command. Exits 1
    if the answer is an error.
    """
    text = sys.stdin.read() if message == ("-",) else " ".join(message)
    return here.run(_say(here, plain(name), text, (output, wait)))


async def _say(here: Here, name: str, text: str, how: tuple[str, bool]) -> int:
    from courier.cli.sandbox.desk import keeping
    from courier.errors import Misused

    if not text.strip():
        raise Misused("There is nothing to say.", next_step="Give a message.")
    output, wait = how
    if wait:
        async with keeping(here) as kept:
            return await _exchange(here, kept, name, (text, output))
    async with here.wired() as wiring:
        from courier.cli.sandbox.desk import ask

        is_here = await ask(here, wiring, name, "send", text)
    here.console.show("left" if is_here else "left for whoever keeps it")
    return 0


async def _exchange(here: Here, kept: "Kept", name: str, said: tuple[str, str]) -> int:
    from courier.cli.sandbox.desk import live_one, requested
    from courier.cli.sandbox.following import follow
    from courier.engine.interactive.requests import ask

    wiring = kept.wiring
    text, output = said
    live = await live_one(wiring, name)
    if live.live.state == "paused":
        here.console.note(
            f"It is paused: the answer comes once it goes on, `courier sandbox resume {name}`."
        )
    request = await requested(here, name, "send", text)
    await ask(request, state=wiring.state, client=wiring.client())
    answers = await follow(
        wiring,
        here.console,
        live.state.run_id,
        output=output,
        done=lambda answered: request.id in answered,
    )
    mine = [one.message for one in answers if one.message.given.id == request.id]
    return 0 if mine and mine[0].status == "completed" else 1
