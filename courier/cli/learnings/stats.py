"""`courier learnings stats`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.planning.learned.figures import Figures, Tally

_EXAMPLE = "courier learnings stats\ncourier learnings stats --last 2000 -o json"


@click.command(cls=Verb, example=_EXAMPLE)
@click.option(
    "--last",
    type=click.IntRange(1, 100_000),
    default=500,
    show_default=True,
    help="How many of the newest records are counted.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json", "yaml"]),
    default="table",
    help="How to show it.",
)
@click.pass_obj
def stats(here: Here, last: int, output: str) -> None:
    """Count runs with and without each.

    Runs that completed or failed; one passed if it completed and nobody rejected its work. WITHOUT
    are all others that were counted, whatever they were about, so that the difference is a hint and
    no proof.
    """
    from courier.cli.learnings.looking import machine_readable
    from courier.cli.views.ink import columns, safe

    found = here.run(_count(here, last))
    if output != "table":
        here.console.show(machine_readable(_value(found), output))
        return
    rows = [
        ("LEARNING", "RUNS", "PASSED WITH", "PASSED WITHOUT"),
        *(
            (name, str(told.runs), _share(told), _share(found.whole.without(told)))
            for name, told in sorted(found.by_lesson.items())
        ),
        ("any", str(found.told.runs), _share(found.told), _share(found.whole.without(found.told))),
    ]
    here.console.show("\n".join(safe(line) for line in columns(rows)))


async def _count(here: Here, last: int) -> "Figures":
    from courier.engine.learnings.standing import Standing

    async with here.wired() as wiring:
        return await Standing(wiring.world).figures(last)


def _share(told: "Tally") -> str:
    return "-" if told.rate is None else f"{told.rate:.0%} of {told.runs}"


def _value(found: "Figures") -> dict[str, Any]:
    return {
        "runs": _tally(found.whole),
        "told": _tally(found.told),
        "learnings": _each(found, sorted(found.by_lesson.items())),
        "versions": [
            {"version": version or None, **_tally(told)}
            for version, told in sorted(found.by_version.items())
        ],
    }


def _each(found: "Figures", every: "Sequence[tuple[str, Tally]]") -> list[dict[str, Any]]:
    return [
        {"name": name, "with": _tally(told), "without": _tally(found.whole.without(told))}
        for name, told in every
    ]


def _tally(told: "Tally") -> dict[str, Any]:
    return {"runs": told.runs, "passed": told.passed, "rate": told.rate}
