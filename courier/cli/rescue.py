"""`courier rescue`: work that was saved out of a sandbox, brought to a branch."""

from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.engine.accounts.rescue import Rescue, Wanted
    from courier.wiring import Wiring

_EXAMPLE = """\
courier rescue fix-slugify --list
courier rescue fix-slugify
courier rescue fix-slugify --attempt design-1.1 --checkpoint 3 --branch again"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("run")
@click.option("--attempt", metavar="NAME", help="Of this attempt; else of the one that saved last.")
@click.option(
    "--checkpoint", "number", type=click.IntRange(min=1), help="This one; else the newest."
)
@click.option(
    "--branch", metavar="NAME", help="Where to; else the run's branch and `-rescued` behind it."
)
@click.option("--protected", is_flag=True, help="Bring changes of protected paths too.")
@click.option("--list", "only_list", is_flag=True, help="List the checkpoints, change nothing.")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to show it."
)
@click.pass_obj
def rescue(  # noqa: PLR0913 - one parameter per option
    here: Here,
    run: str,
    attempt: str | None,
    number: int | None,
    branch: str | None,
    output: str,
    *,
    protected: bool,
    only_list: bool,
) -> None:
    """Bring work saved out of a sandbox to a branch.

    While an agent works, courier saves its work on the remote as checkpoints. This pushes one of
    them to a branch of its own, as one commit on what the attempt started from, past the gate. RUN
    may be in flight or over, here or on another machine; `sandbox/NAME` stands for a sandbox.
    """
    from courier.engine.accounts.rescue import Wanted

    name = run.removeprefix("run/")
    wanted = Wanted(name, attempt, number, branch, with_protected=protected)
    ask = _list(here, name, output) if only_list else _bring(here, wanted, output)
    here.console.show(here.run(ask))


async def _bring(here: Here, wanted: "Wanted", output: str) -> str:
    from courier.cli.views import checkpoints

    async with here.wired() as wiring:
        rescued = await (await _rescuer(here, wiring)).bring(wanted)
    return checkpoints.rescued(wanted.run, rescued, as_json=output == "json")


async def _list(here: Here, run: str, output: str) -> str:
    from courier.cli.views import checkpoints

    async with here.wired() as wiring:
        found = await (await _rescuer(here, wiring)).checkpoints(run)
    return checkpoints.listed(run, found, here.clock.now(), as_json=output == "json")


async def _rescuer(here: Here, wiring: "Wiring") -> "Rescue":
    from courier.engine.accounts.rescue import Rescue

    return Rescue(wiring.world, wiring.client(), by=await here.checkout.identity())
