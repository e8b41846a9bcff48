"""`courier learnings stats`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.planning.learned.figures import Figures, Tally

_HEAD = ("LEARNING", "TOLD TO", "PASSED WITH", "WITHOUT", "ROUNDS WITH", "WITHOUT")
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

    Runs that completed or failed; one passed if it completed and nobody rejected its work in the
    end. ROUNDS is how often work was done on average: more than once where a check rejected it.
    WITHOUT are all others that were counted, whatever they were about, so that the difference is a
    hint and no proof.
    """
    from courier.cli.learnings.looking import machine_readable
    from courier.cli.views.ink import columns, safe

    found = here.run(_count(here, last))
    if output != "table":
        here.console.show(machine_readable(_value(found), output))
        return
    told = [*sorted(found.by_lesson.items()), ("any", found.told)]
    rows = [_HEAD, *((name, *_figures(one, found.whole.without(one))) for name, one in told)]
    head, *lines = columns(rows)
    here.console.show(
        "\n".join([here.console.ink.paint(head, "dim"), *(safe(line) for line in lines)])
    )


def _figures(told: "Tally", others: "Tally") -> "Sequence[str]":
    return (
        str(told.runs),
        _share(told),
        _share(others),
        _rounds(told),
        _rounds(others),
    )


def _rounds(told: "Tally") -> str:
    return "-" if told.mean_rounds is None else f"{told.mean_rounds:.1f}"


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
    return {
        "runs": told.runs,
        "passed": told.passed,
        "rate": told.rate,
        "rounds": told.mean_rounds,
    }
