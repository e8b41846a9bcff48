"""`courier worker`: run what others planned, as one of many."""

import asyncio
import signal
from contextlib import AsyncExitStack

import click

from courier.cli.here import Here
from courier.cli.logging_options import logs
from courier.cli.verb import Verb

_EXAMPLE = """\
COURIER_DATABASE_URL=postgresql://courier@db/courier courier worker
courier worker --concurrency 20 --queue website --queue docs
courier worker --repository git@example.com:team/app.git"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Runs at once here, of each repository.",
)
@click.option("--queue", "queues", multiple=True, metavar="PROJECT", help="Only runs of this.")
@click.option(
    "--repository",
    "repositories",
    multiple=True,
    metavar="URL",
    help="Whose runs; the repository around you if you name none.",
)
@click.pass_obj
@logs
def worker(
    here: Here, concurrency: int, queues: tuple[str, ...], repositories: tuple[str, ...]
) -> None:
    """Run runs as one of many workers.

    What a daemon or somebody's `apply` queued is run by any number of workers that share the
    PostgreSQL database COURIER_DATABASE_URL names, on as many machines; each needs a COURIER_HOME
    of its own, and the secrets of the agents it runs. A run whose worker dies goes on with another
    within seconds. SIGTERM and Ctrl-C hand everything over to the others; the agents go on in
    their sandboxes.
    """
    from courier.errors import Misused

    if here.settings.database_url is None:
        raise Misused(
            "A worker needs a database to share runs with others.",
            next_step="Set COURIER_DATABASE_URL, or use `courier daemon` on one machine.",
        )
    here.run(_serve(here, concurrency, queues, repositories))


async def _serve(
    here: Here, concurrency: int, queues: tuple[str, ...], repositories: tuple[str, ...]
) -> None:
    from courier.engine.engines import Share

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    share = Share(concurrency, queues or None)
    async with AsyncExitStack() as opened:
        for address in repositories or (None,):
            opening = here.wired() if address is None else here.elsewhere(address)
            wiring = await opened.enter_async_context(opening)
            engine = wiring.engine(share=share)
            await engine.start()
            opened.push_async_callback(engine.stop)
            here.console.tell(f"Working for {wiring.home.remote}; Ctrl-C hands over to others.")
        await stop.wait()
    here.console.tell("Stopped. Other workers go on with what was under way.")
