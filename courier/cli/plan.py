"""`courier plan`: what would be done, and why."""

from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.planning.plan import Plan

_EXAMPLE = """\
courier plan
courier plan --out today.plan && courier apply today.plan
courier plan --detailed-exitcode -o json > plan.json"""

CHANGES = 2
"""The exit code that says: there is something to do."""


@click.command(cls=Verb, example=_EXAMPLE)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "wide", "json"]),
    default="text",
    help="wide shows also where each value comes from and the prompts.",
)
@click.option(
    "--out", "-out", "file", metavar="FILE", help="Save the plan for `courier apply FILE`."
)
@click.option(
    "--detailed-exitcode",
    "detailed",
    is_flag=True,
    help="Exit 0: nothing to do, 1: error, 2: something to do.",
)
@click.option(
    "--tracked", is_flag=True, help="Look at the tracked branch even if .courier/ has changes here."
)
@click.option(
    "--commit",
    metavar="REF",
    help="Look at a branch or commit of the remote, e.g. of a pull request.",
)
@click.pass_obj
def plan(  # noqa: PLR0913 - one parameter per option
    here: Here,
    output: str,
    file: str | None,
    commit: str | None,
    *,
    detailed: bool,
    tracked: bool,
) -> int:
    """Show what would be done, and why.

    Changes nothing. Where `.courier/` here is ahead of the tracked branch, the plan is made for the
    files as they are on disk, and says so; `--tracked` and `--out` look at the tracked branch.
    """
    from courier.cli.views import plan_view

    found = here.run(_propose(here, commit=commit, tracked=tracked or file is not None))
    if output == "json":
        here.console.show(plan_view.to_json(found))
    else:
        form: plan_view.Form = "wide" if output == "wide" else "brief"
        here.console.show(plan_view.to_text(found, form=form, ink=here.console.ink))
    if file is not None:
        here.path(file).write_text(plan_view.to_json(found))
        here.console.tell(f"Saved to {file}; `courier apply {file}` does this and nothing else.")
    return CHANGES if detailed and found.changes else 0


async def _propose(here: Here, *, commit: str | None, tracked: bool) -> "Plan":
    from courier.cli.local import local_changes

    async with here.wired() as wiring:
        if commit is not None:
            return await wiring.preview().of_commit(commit)
        if not tracked:
            await wiring.mirror.fetch()
            changes = await local_changes(here.checkout, await wiring.mirror.head())
            if changes.exist:
                here.console.note(f"{changes.told()} This plan is for the files on disk.")
                files = await here.checkout.files()
                return await wiring.preview().of_files(files, beside=here.checkout)
        return await wiring.reconciler(wiring.client()).require_plan()
