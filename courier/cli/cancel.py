"""`courier cancel`: stop a run and keep its work."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(cls=Verb, example='courier cancel fix-slugify --reason "fixed by hand"')
@click.argument("run")
@click.option("--reason", required=True, help="Why; kept on record with your name.")
@click.pass_obj
def cancel(here: Here, run: str, reason: str) -> None:
    """Stop a run and keep its work.

    The agent is stopped, what it did so far is taken out and pushed to its branch. For a run that
    has not started yet, set `desiredState: cancelled` in its document instead.
    """
    here.console.show(here.run(_ask(here, run.removeprefix("run/"), reason)))


async def _ask(here: Here, run: str, reason: str) -> str:
    from courier.engine.accounts.records import account
    from courier.engine.requests import requests

    by = await here.checkout.identity()
    async with here.wired() as wiring:
        found = await account(wiring.world, wiring.client(), run)
        if found["phase"] in ("completed", "failed", "cancelled"):
            return f"{run} has ended already: {found['phase']}."
        request = requests.Request("cancel", run, by, here.clock.now(), reason)
        is_here = await requests.cancel(request, state=wiring.state, client=wiring.client())
        if "inFlight" not in found:
            return f"Asked on record for {run} to stop; it is not in flight on this machine."
        if wiring.presence.other() is None:
            here.console.note("No engine runs here: it stops with the next `courier apply`.")
        return f"{run} is being cancelled." if is_here else f"{run} was being cancelled already."
