"""`courier logs`: what agents said and did."""

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.wiring import Wiring

_EXAMPLE = """\
courier logs fix-slugify
courier logs -f fix-slugify --step check
courier logs fix-slugify -o json | jq -r 'select(.kind == "text").text'"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("run")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option(
    "--step",
    metavar="NAME",
    help="Only this step, e.g. check, or check-2 for its second iteration.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: one event a line.",
)
@click.pass_obj
def logs(here: Here, run: str, step: str | None, output: str, *, follow: bool) -> None:
    """Show what agents said and did.

    While RUN is in flight on this machine, reads its live transcript; afterwards the transcript
    kept on the remote. What agents wrote cannot move the cursor or repaint the screen.
    """
    here.run(_print(here, run.removeprefix("run/"), (step, output), follow=follow))


async def _print(here: Here, run: str, asked: tuple[str | None, str], *, follow: bool) -> None:
    from courier.cli.views.json_text import to_json
    from courier.cli.views.transcript import heading, rendered

    step, output = asked
    attempt: object = None
    async with here.wired() as wiring:
        async for event in _events(wiring, run, follow=follow):
            if step is not None and not _is_of(step, str(event.get("attempt", ""))):
                continue
            if output == "json":
                here.console.show(to_json(event, indent=None))
                continue
            if event.get("attempt") != attempt:
                attempt = event.get("attempt")
                here.console.show(heading(event, here.console.ink))
            here.console.show(rendered(event, here.console.ink))


async def _events(wiring: "Wiring", run: str, *, follow: bool) -> AsyncIterator[dict[str, Any]]:
    from courier.engine.accounts.following import Spoke
    from courier.engine.accounts.following import follow as follow_runs
    from courier.engine.accounts.records import RunRecords

    state = await wiring.client().status(run)
    if state is not None and not state.phase.ended and follow:
        async for moment in follow_runs(wiring.world, wiring.client(), [run]):
            if isinstance(moment, Spoke):
                yield moment.line
        return
    await wiring.transcripts.gather(run)
    content = wiring.transcripts.whole(run)
    if not content:
        content = await RunRecords(wiring.state, wiring.index).transcript_of(run)
    for line in content.splitlines():
        yield json.loads(line)


def _is_of(step: str, attempt: str) -> bool:
    """Return whether an attempt, e.g. ``c1/check-2.1-turn-1``, is of a step.

    It is of ``check``, ``check-2``, ``c1/check``, ``c1/check-2`` and ``c1``.
    """
    lane, _, own = attempt.partition(".")[0].rpartition("/")
    names = (own, own.rpartition("-")[0])
    return step in (*names, lane, *(f"{lane}/{name}" for name in names))
