"""`courier replay`: a run once more, from the answers on record, with no model asked."""

from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.engine.accounts.replay import Replayed

_EXAMPLE = """\
courier replay fix-slugify
courier replay fix-slugify -o json | jq .differences"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("run")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to show it."
)
@click.pass_obj
def replay(here: Here, run: str, output: str) -> int:
    """Go through an ended run again, asking no model.

    This courier assembles the prompts, weighs the verdicts and chooses every next step anew; the
    answers are those that agents, sandboxes and git gave then. No sandbox is opened, no model is
    asked, nothing is written. Exits 1 if anything comes out otherwise than it is on record.
    """
    from courier.cli.views import replayed
    from courier.cli.views.json_text import to_json

    found = here.run(_replay(here, run.removeprefix("run/")))
    if output == "json":
        here.console.show(to_json(replayed.value(found)))
    else:
        here.console.show(replayed.told(found, here.console.ink))
    return 0 if found.is_exact else 1


async def _replay(here: Here, run: str) -> "Replayed":
    from courier.engine.accounts.replay import replay as replay_run

    async with here.wired() as wiring:
        return await replay_run(wiring.world, wiring.client(), run)
