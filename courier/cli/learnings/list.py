"""`courier learnings list`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.engine.learnings.standing import StandingLesson

_EXAMPLE = "courier learnings list\ncourier learnings list --status proposed -o json"
_HEAD = ("NAME", "STATUS", "SEVERITY", "FOR", "TOLD", "SEEN IN", "WHERE")


@click.command("list", cls=Verb, example=_EXAMPLE)
@click.option(
    "--status",
    type=click.Choice(["approved", "expired", "proposed", "rejected"]),
    help="Only these.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json", "yaml"]),
    default="table",
    help="How to show it.",
)
@click.pass_obj
def list_(here: Here, status: str | None, output: str) -> None:
    """List what runs taught.

    Documents of the tracked branch, what an open pull request proposes, and what was rejected. TOLD
    counts runs among the newest records whose steps were told it; SEEN IN those that showed it.
    """
    from courier.cli.learnings.looking import look, machine_readable
    from courier.cli.views.ink import columns, safe
    from courier.cli.views.learnings import to_value

    found = [one for one in here.run(look(here)) if status in (None, one.status)]
    if output != "table":
        items = [to_value(one) for one in found]
        here.console.show(machine_readable({"kind": "Learning", "items": items}, output))
    elif not found:
        here.console.show("No learnings.")
    else:
        head, *lines = columns([_HEAD, *(_row(one) for one in found)])
        here.console.show(
            "\n".join([here.console.ink.paint(head, "dim"), *(safe(line) for line in lines)])
        )


def _row(one: "StandingLesson") -> Sequence[str]:
    runs = len(one.evidence)
    return (
        one.lesson.name,
        one.status,
        one.lesson.severity,
        ",".join(one.lesson.roles) or "all",
        str(one.uses),
        f"{runs} run{'' if runs == 1 else 's'}",
        one.where,
    )
