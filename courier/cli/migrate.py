"""`courier migrate`: move the runs of this machine to a database that workers share."""

from dataclasses import replace

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(
    cls=Verb, example="courier migrate --to postgresql://courier:password@db.example.com/courier"
)
@click.option("--to", "url", required=True, metavar="URL", help="The PostgreSQL database.")
@click.pass_obj
def migrate(here: Here, url: str) -> None:
    """Move this machine's runs to PostgreSQL.

    Every run of the repository around you, in flight or ended, goes over with its steps,
    checkpoints, signals, timers and transcripts, and goes on there where it was. Stop `courier
    daemon` first. The journal here is of no use afterwards. Broken off, it is done again: nothing
    is moved twice.
    """
    here.console.show(here.run(_move(here, url)))


async def _move(here: Here, url: str) -> str:
    import asyncio

    from courier.engine.postgres import Database, schema_of
    from courier.engine.postgres.moving import live_runs, move
    from courier.settings import read_settings
    from courier.wiring import Wiring, home_of

    settings = replace(here.settings, database_url=None)
    read_settings({**here.environment, "COURIER_DATABASE_URL": url})
    remote = await here.checkout.remote()
    here_now = home_of(settings, remote)
    there = home_of(replace(settings, database_url=url), remote)
    wiring = Wiring(settings, here_now, here.environment)
    async with wiring.opened():
        # What other workers need of the commits that only this machine's mirror has.
        for run in live_runs(wiring.journal):
            await wiring.mirror.remote.push_all(f"refs/courier/runs/{run}")
        database = Database(url, schema_of(there.id))
        moved = await asyncio.to_thread(
            move,
            wiring.journal,
            database,
            label=here_now.id,
            transcripts=wiring.transcripts,
        )
    known = f", {moved.known} were there" if moved.known else ""
    return (
        f"Runs moved: {moved.runs}, {moved.live} of them in flight{known}. Set COURIER_DATABASE_URL"
        " where courier runs, and start `courier daemon` or `courier worker`."
    )
