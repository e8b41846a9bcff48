"""`courier worker`: run what others planned, as one of many."""

import asyncio
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from courier.cli.here import Here
from courier.cli.logging_options import logs
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.engine.serving.health import Working

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
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help="Answer there, e.g. 127.0.0.1:8471: probes, metrics.",
)
@click.option(
    "--public-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A name --listen may be called by from elsewhere; with a tunnel or proxy, its name.",
)
@click.pass_obj
@logs
def worker(here: Here, /, **asked: Any) -> None:
    """Run runs as one of many workers.

    What a daemon or somebody's `apply` queued is run by any number of workers that share the
    PostgreSQL database COURIER_DATABASE_URL names, on as many machines; each needs a COURIER_HOME
    of its own, and the secrets of the agents it runs. A run whose worker dies goes on with another
    within seconds. SIGTERM and Ctrl-C hand everything over to the others; the agents go on in
    their sandboxes.

    With `--listen`, /healthz and /readyz tell probes whether it is alive and does its work,
    /metrics tells Prometheus what was done.
    """
    from courier.errors import Misused

    if here.settings.database_url is None:
        raise Misused(
            "A worker needs a database to share runs with others.",
            next_step="Set COURIER_DATABASE_URL, or use `courier daemon` on one machine.",
        )
    here.run(_serve(here, _Asked(**asked)))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was said on the command line."""

    concurrency: int
    queues: tuple[str, ...]
    repositories: tuple[str, ...]
    listen: str | None
    hosts: tuple[str, ...]


async def _serve(here: Here, asked: _Asked) -> None:
    from courier.engine.serving.health import Working
    from courier.engine.share import Share

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    share = Share(asked.concurrency, asked.queues or None)
    workplaces: dict[str, Working] = {}
    async with AsyncExitStack() as opened:
        if asked.listen is not None:
            await _listen(here, asked, workplaces, opened)
        for address in asked.repositories or (None,):
            opening = here.wired() if address is None else here.elsewhere(address)
            wiring = await opened.enter_async_context(opening)
            engine = wiring.engine(share=share)
            await engine.start()
            opened.push_async_callback(engine.stop)
            opened.push_async_callback(
                _end, asyncio.create_task(wiring.housekeeping(engine).keep())
            )
            if isinstance(engine, Working):
                workplaces[wiring.home.remote] = engine
            here.console.tell(f"Working for {wiring.home.remote}; Ctrl-C hands over to others.")
        await stop.wait()
    here.console.tell("Stopped. Other workers go on with what was under way.")


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _listen(
    here: Here, asked: _Asked, workplaces: "dict[str, Working]", opened: AsyncExitStack
) -> None:
    # Only who listens waits for their import; what is opened afterwards is counted.
    from courier.cli.observing import worker_metrics_of
    from courier.cli.reception import watched

    metrics = worker_metrics_of(here, workplaces)
    watching = watched(str(asked.listen), asked.hosts, workplaces, metrics, here)
    bound = await opened.enter_async_context(watching)
    here.console.tell(f"Probes are answered at http://{bound}/readyz.")
