"""`courier sandbox restore`."""

import click

from courier.cli.here import Here
from courier.cli.sandbox.desk import NAME, plain
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier sandbox restore desk")
@NAME
@click.pass_obj
def restore(here: Here, name: str) -> None:
    """Bring a deleted one back.

    Its record is listed again; the machine is gone for good.
    """
    from courier.cli.sandbox.desk import requested
    from courier.engine.interactive import shelf

    async def put_back() -> None:
        async with here.wired() as wiring:
            await shelf.restore(wiring.state, await requested(here, plain(name), "restore"))
        here.console.show(f"sandbox/{plain(name)} is restored.")

    here.run(put_back())
