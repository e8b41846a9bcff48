"""`courier sandbox port`."""

import click

from courier.cli.here import Here
from courier.cli.sandbox.desk import NAME, plain
from courier.cli.verb import Verb

_EXAMPLE = """\
courier sandbox port desk 8000
courier sandbox port desk 8000 -o json"""


@click.command(cls=Verb, example=_EXAMPLE)
@NAME
@click.argument("number", type=click.IntRange(1, 65535), metavar="PORT")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to show it."
)
@click.pass_obj
def port(here: Here, name: str, number: int, output: str) -> None:
    """Print the URL of a port inside.

    Plain HTTP requests to the URL arrive at PORT of the sandbox, whatever listens there. An
    embedded sandbox is reached from this machine only, through its server; nothing has to be
    started for it. One at E2B is reached from everywhere: anybody who has the URL.
    """
    from courier.cli.sandbox.desk import live_one
    from courier.cli.views.json_text import to_json
    from courier.errors import Conflict

    async def look() -> None:
        async with here.wired() as wiring:
            told = await live_one(wiring, plain(name))
            if told.live.state != "running" or told.live.sandbox is None:
                raise Conflict(f"Sandbox {plain(name)} is {told.live.state}.")
            machine = await wiring.sandboxes.connect(
                told.live.sandbox, timeout_seconds=told.plan.lives_seconds
            )
            url = machine.address(number)
        answer = {"formatVersion": 1, "sandbox": plain(name), "port": number, "url": url}
        here.console.show(to_json(answer) if output == "json" else url)

    here.run(look())
