"""`courier reconcile`: have the daemon look now."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = """\
courier reconcile
courier reconcile ~/work/site --no-wait
courier reconcile -o json"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("repository", required=False, metavar="[REMOTE|PATH]")
@click.option("--wait/--no-wait", default=True, help="Wait for the pass, or only ask for it.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to show what came of it.",
)
@click.pass_obj
def reconcile(here: Here, repository: str | None, output: str, *, wait: bool) -> int:
    """Have the daemon look at a repository now.

    Without an argument, the one around you. Shows how its projects stand after the pass; exits 1
    if one is stalled, or if no daemon runs on the state folder.
    """
    from courier.cli.views import standing
    from courier.engine.serving.doorbell import ring
    from courier.engine.serving.status import Status

    async def ask() -> int:
        from courier.cli.serving import address

        remote = await address(here, repository) if repository else (await here.home()).remote
        question = {"ask": "reconcile", "repository": remote, "wait": wait}
        told = await ring(here.settings.home, question)
        if not wait:
            here.console.tell(f"Asked for a pass over {remote}.")
            return 0
        found = Status.model_validate_json(_text(told))
        here.console.show(standing.shown([found], here.clock.now(), here.console.ink, output))
        return 1 if any(one.is_true("Stalled") for one in found.conditions) else 0

    return here.run(ask())


def _text(told: object) -> str:
    import json

    return json.dumps(told)
