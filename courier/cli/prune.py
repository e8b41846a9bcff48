"""`courier prune`: what is over and takes room, taken away by hand."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.engine.passes.retention import Pruned

_EXAMPLE = """\
courier prune --dry-run
courier prune
courier prune --compact 30d"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.option("--dry-run", is_flag=True, help="Only list what would go.")
@click.option(
    "--compact",
    metavar="AGE",
    help="Also make one commit of all of the state branch that are older, e.g. 30d.",
)
@click.option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", help="How to show it."
)
@click.pass_obj
def prune(here: Here, compact: str | None, output: str, *, dry_run: bool) -> int:
    """Take away what is kept no longer.

    That is what the daemon takes away once an hour: transcripts, checkpoints and branches of failed
    or cancelled runs whose time in the project's `retention` is over, what this machine still has
    of runs that are on record, and sandboxes whose run has ended. Records stay for ever, and
    nothing goes of a run that is in flight or whose pull request is open. Exits 1 if something
    could not be looked at or taken away.
    """
    from courier.cli.views import leftovers

    older = _age(compact) if compact is not None else None
    found, was_compacted = here.run(_sweep(here, older, only_look=dry_run))
    as_json = output == "json"
    here.console.show(leftovers.listed(found, is_dry=dry_run, as_json=as_json))
    for fault in found.faults:
        here.console.note(fault)
    if was_compacted is not None:
        here.console.tell(leftovers.compacted(str(compact), is_done=was_compacted))
    return 1 if found.faults else 0


async def _sweep(
    here: Here, older: timedelta | None, *, only_look: bool
) -> "tuple[Pruned, bool | None]":
    from courier.engine.passes.retention import Retentions

    now = here.clock.now()
    async with here.wired() as wiring:
        keeps = Retentions((await wiring.preview().tracked()).catalog)
        done = await wiring.broom().sweep(keeps, now=now, only_look=only_look)
        if older is None or only_look:
            return done, None
        return done, await wiring.state.compact(now - older)


def _age(text: str) -> timedelta:
    import re

    from courier.errors import Misused
    from courier.resources.durations import to_seconds

    if re.fullmatch(r"[1-9][0-9]{0,3}[hd]", text) is None:
        raise Misused("This is not an age.", detail=text, next_step="Say it as 30d or 12h.")
    return timedelta(seconds=to_seconds(text))
