"""`courier doctor`: what is missing here, and how to get it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.cli.finding import Finding

_STATUS = {"ok": "ok", "note": "warning", "missing": "error"}
"""What programs are told of a level."""

_MARKS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "missing": ("✗", "red")}


@click.command(cls=Verb, example="courier doctor\ncourier doctor --json")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to show it."
)
@click.option("--json", "output", flag_value="json", help="As `-o json`.")
@click.pass_obj
def doctor(here: Here, output: str) -> int:
    """Say what is missing here, and how to get it.

    Looks at Python, git, the state folder, how sandboxes are isolated, agent CLIs, and the
    repository around you; at room on the disk, locks and sandboxes that were left, and the database
    if there is one. Exits 1 if courier cannot do its work.
    """
    from courier.cli.findings import findings
    from courier.cli.views.ink import safe
    from courier.cli.views.json_text import to_json

    found = here.run(findings(here))
    console, ink = here.console, here.console.ink
    if output == "json":
        console.show(to_json(_told(found)))
    else:
        wide = max(len(one.name) for one in found)
        for one in found:
            mark, tone = _MARKS[one.level]
            console.show(
                f"{ink.paint(mark, tone, 'bold')} {one.name.ljust(wide)}  {safe(one.detail)}"
            )
            if one.advice:
                console.show(f"  {' ' * wide}  {ink.paint(safe(one.advice), 'dim')}")
    return 1 if any(one.level == "missing" for one in found) else 0


def _told(found: "Sequence[Finding]") -> dict[str, object]:
    worst = max((one.level for one in found), key=list(_STATUS).index)
    checks = [
        {
            "name": one.name,
            "status": _STATUS[one.level],
            "message": one.detail,
            "nextStep": one.advice,
        }
        for one in found
    ]
    return {"formatVersion": 2, "status": _STATUS[worst], "checks": checks}
