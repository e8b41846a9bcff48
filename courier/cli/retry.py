"""`courier retry`: an ended run done again, from one of its steps."""

from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.wiring import Wiring

_EXAMPLE = """\
courier retry fix-slugify --reason "the provider is back"
courier retry fix-slugify --from check
courier retry fix-slugify --from start --no-wait"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("run")
@click.option(
    "--from",
    "step",
    metavar="STEP",
    default="",
    help="The step to begin with, or `start`; without it, the one the run ended at.",
)
@click.option("--reason", default="", help="Kept on record with your name.")
@click.option("--wait/--no-wait", default=True, help="See the run through, or only ask for it.")
@click.pass_obj
def retry(here: Here, run: str, step: str, reason: str, *, wait: bool) -> int:
    """Do an ended run again, from a step.

    The new run, such as `fix-slugify.r2`, does what the old one was to do, with the documents as
    they were then: agents' work, verdicts and approvals before that step still count. It has a
    branch, record and pull request of its own. To have changed documents count, ask for a new run.
    """
    from courier.cli.apply import applied

    asked = here.run(_ask(here, run.removeprefix("run/"), step, reason))
    here.console.tell(f"{asked} is asked for on record.")
    return here.run(applied(here, wait=wait))


async def _ask(here: Here, run: str, step: str, reason: str) -> str:
    from courier.engine.requests.requests import Request, put_on_record
    from courier.engine.requests.retries import prepared
    from courier.runs.steps.retry import original, retry_name

    by = await here.checkout.identity()
    async with here.wired() as wiring:
        await wiring.mirror.fetch()
        name = retry_name(run, await _taken(wiring, original(run)))
        request = Request("retry", run, by, here.clock.now(), reason, name=name, step=step)
        await prepared(wiring.world, wiring.client(), request)
        await put_on_record(request, state=wiring.state)
    return name


async def _taken(wiring: "Wiring", run: str) -> list[str]:
    from courier.engine.requests.requests import Requests

    await wiring.index.follow()
    names = wiring.index.beginning(f"{run}.")
    asked = await Requests(wiring.state).retries()
    live = await wiring.client().list(live=True)
    return [*names, *asked, *(state.run_id for state in live)]
