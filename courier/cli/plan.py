"""`courier plan`: what would be done, and why."""

from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Entry, LeadingVerb

if TYPE_CHECKING:
    from courier.cli.views.plan_markdown import Place
    from courier.planning.comparison import Comparison
    from courier.planning.plan import Plan

_EXAMPLE = """\
courier plan
courier plan --out today.plan && courier apply today.plan
courier plan --detailed-exitcode -o json > plan.json
courier plan --base origin/main > plan.md"""

CHANGES = 2
"""The exit code that says: there is something to do."""


ENTRIES = {
    "draft": Entry("courier.cli.draft:draft", "Have a goal turned into a sprint plan."),
}
"""What it can besides; the summary is the first line of its help."""


@click.group(cls=LeadingVerb, entries=ENTRIES, example=_EXAMPLE)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "wide", "json", "markdown"]),
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
@click.option(
    "--base",
    metavar="REF",
    help="Tell, as Markdown, what the files here change compared with where they left REF.",
)
@click.option(
    "--most",
    type=click.IntRange(min=2_000),
    default=60_000,
    show_default=True,
    help="Characters of Markdown.",
)
@click.option("--whole", metavar="MARKDOWN", default="", help="Where to say the rest is, if cut.")
@click.pass_context
def plan(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    output: str,
    file: str | None,
    commit: str | None,
    base: str | None,
    *,
    most: int,
    whole: str,
    detailed: bool,
    tracked: bool,
) -> int:
    """Show what would be done, and why.

    Changes nothing. Where `.courier/` here is ahead of the tracked branch, the plan is made for the
    files as they are on disk, and says so; `--tracked` and `--out` look at the tracked branch.

    With `--base` it tells what a pull request changes, for a comment on it: runs that would start
    or stop, effective values and prompts that differ, likely cost and time, budgets, problems. No
    secret is looked up and nothing that the documents name is fetched or run.
    """
    from courier.cli.views import plan_view

    if context.invoked_subcommand is not None:
        return 0
    here: Here = context.obj
    if base is not None or output == "markdown":
        return _compared(here, base or "", (most, whole), detailed=detailed)
    found = here.run(_propose(here, commit=commit, tracked=tracked or file is not None))
    if output == "json":
        here.console.show(plan_view.to_json(found))
    else:
        form: plan_view.Form = "wide" if output == "wide" else "brief"
        here.console.show(plan_view.to_text(found, form=form, ink=here.console.ink))
    if file is not None:
        here.write(file, plan_view.to_json(found))
        here.console.tell(f"Saved to {file}; `courier apply {file}` does this and nothing else.")
    return CHANGES if detailed and found.changes else 0


def _compared(here: Here, base: str, form: tuple[int, str], *, detailed: bool) -> int:
    from courier.cli.views import plan_markdown

    found, place = here.run(_compare(here, base, form[1]))
    here.console.show(plan_markdown.to_markdown(found, place, most=form[0]))
    if found.has_errors:
        return 1
    return CHANGES if detailed and not found.is_empty else 0


async def _compare(here: Here, base: str, whole: str) -> "tuple[Comparison, Place]":
    from courier.cli.views.plan_markdown import Place
    from courier.errors import NotFound

    async with here.wired() as wiring:
        await wiring.mirror.fetch()
        head = await wiring.mirror.head()
        named = base or f"origin/{head.branch}"
        commit = await here.checkout.merge_base(named)
        if commit is None and base in ("", head.branch):
            commit = head.commit
        if commit is None:
            raise NotFound(
                "git knows no such commit here.",
                detail=named,
                next_step="Fetch it, or name another, e.g. `--base origin/main`.",
            )
        files = await here.checkout.files()
        found = await wiring.preview().of_change(files, beside=here.checkout, base=commit)
    return found, Place(named, commit, whole)


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
