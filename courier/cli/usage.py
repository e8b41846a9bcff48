"""`courier usage`: sums of what was used, by what it has in common."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.cli.views.spending import Sums

_EXAMPLE = """\
courier usage
courier usage --by model --since 2026-11-01
courier usage --by persona --project shop -o csv"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be summed.

    Attributes:
        by: What lines of one group have in common.
        since: The first day, in UTC.
        until: The last day.
        project: Only this one; all when None.
    """

    by: str
    since: date
    until: date
    project: str | None


@click.command(cls=Verb, example=_EXAMPLE)
@click.option(
    "--by",
    type=click.Choice(["project", "persona", "workflow", "agent", "model", "day", "run"]),
    default="day",
    show_default=True,
    help="What to sum by.",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The first day, in UTC; without it, the first of this month.",
)
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The last day, in UTC."
)
@click.option("--project", metavar="NAME", help="Only this project.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json", "yaml", "csv"]),
    default="table",
    help="How to show it.",
)
@click.pass_obj
def usage(  # noqa: PLR0913 - one parameter an option
    here: Here,
    by: str,
    since: datetime | None,
    until: datetime | None,
    project: str | None,
    output: str,
) -> None:
    """Sum what was used, and what it cost.

    Tokens, seconds and US dollars of every attempt, score and sandbox on the branch
    `courier/state`, and of what is in flight here. What has neither a cost of its own nor a rate in
    a CostRates document is told as unknown; it never counts as free. Works in any clone, with
    nothing running.

    Below it stands what projects with a budget of the day or the month have left of it.
    """
    from courier.cli.views import spending

    today = here.clock.now().date()
    asked = Asked(
        by,
        since.date() if since else today.replace(day=1),
        until.date() if until else today,
        project,
    )
    found = here.run(_gather(here, asked))
    console = here.console
    if output == "table":
        console.show(spending.table_of(found, console.ink))
        for note in spending.notes(found):
            console.note(note)
        return
    renderers = {"json": spending.json_of, "yaml": spending.yaml_of, "csv": spending.csv_of}
    console.show(renderers[output](found))


async def _gather(here: Here, asked: Asked) -> "Sums":
    from courier.cli.views.spending import Sums
    from courier.engine.passes.books import Books
    from courier.errors import Misused
    from courier.planning.budgets.budgets import Money, caps_by_project
    from courier.runs.usage.spending import GROUPS, Spent, Total, day_of

    if asked.since > asked.until:
        raise Misused(
            "The first day is after the last.", detail=f"{asked.since} is after {asked.until}."
        )
    name, groups, total = GROUPS[asked.by], dict[str, Total](), Total()
    now, spent = here.clock.now(), defaultdict[str, Spent](Spent)
    today = now.date()
    days = (min(asked.since, today.replace(day=1)), max(asked.until, today))
    window = (asked.since.isoformat(), asked.until.isoformat())
    async with here.wired() as wiring:
        caps = caps_by_project((await wiring.preview().tracked()).catalog)
        books = Books(wiring.world, wiring.client())
        for line in await books.lines(since=days[0], until=days[1]):
            project = line.get("project") or ""
            if asked.project not in (None, project):
                continue
            spent[project] = spent[project].with_line(line, today=today)
            if window[0] <= day_of(line) <= window[1]:
                groups.setdefault(name(line), Total()).add(line)
                total.add(line)
    ordered = {each: groups[each] for each in sorted(groups)}
    rooms = (Money(caps[each], spent[each], now).line(each) for each in sorted(caps))
    shown = tuple(room for room in rooms if asked.project in (None, room.project))
    return Sums(asked.by, asked.since, asked.until, ordered, total, shown)
