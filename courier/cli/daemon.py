"""`courier daemon`: reconcile until stopped."""

import asyncio
import logging
import os
import signal

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_CHATTY = ("httpx", "httpcore", "e2b", "watchfiles")
"""Libraries that log every request."""


@click.command(cls=Verb, example="courier daemon\nCOURIER_HOME=/srv/courier courier daemon -v")
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
@click.pass_obj
def daemon(here: Here, *, verbose: bool) -> None:
    """Keep doing it until stopped.

    Looks at the tracked branch whenever it moves and every half minute, starts what is asked for,
    sees it through, settles pull requests that were merged. SIGTERM and Ctrl-C end it cleanly: the
    agents go on in their sandboxes, and the next daemon picks them up. One per state folder.
    """
    level = logging.DEBUG if verbose else logging.INFO
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=level, format=form, stream=here.console.err)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.INFO if verbose else logging.WARNING)
    here.run(_serve(here))


async def _serve(here: Here) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with here.wired() as wiring:
        engine = wiring.engine()
        await engine.start()
        here.console.tell(f"Reconciling {wiring.home.remote}; Ctrl-C stops, agents go on.")
        try:
            await wiring.daemon(engine).run(stop, pid=os.getpid())
        finally:
            await engine.stop()
    here.console.tell("Stopped. What is in flight goes on with the next daemon or apply.")
