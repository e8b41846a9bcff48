"""`courier stats`: how runs did, by what they have in common."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from courier.cli.here import Here
from courier.cli.verb import Verb
from courier.runs.records.statistics import By

if TYPE_CHECKING:
    from courier.runs.records.statistics import Survived, Tally

_EXAMPLE = """\
courier stats
courier stats --by persona --since 2026-11-01
courier stats --by model --survival -o wide"""

_MOST = 100
"""Merged runs whose lines are looked for, the newest."""


@dataclass(frozen=True, slots=True)
class _Asked:
    since: datetime | None
    project: str | None
    survival: bool


@click.command(cls=Verb, example=_EXAMPLE)
@click.option(
    "--by",
    type=click.Choice(["workflow", "persona", "agent", "model", "project"]),
    default="workflow",
    show_default=True,
    help="What the runs of a row have in common.",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Only runs that started that day, in UTC, or later.",
)
@click.option("--project", metavar="NAME", help="Only this project.")
@click.option(
    "--survival",
    is_flag=True,
    help=f"Also how many merged lines are still there, of the last {_MOST} merged runs.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "wide", "json"]),
    default="table",
    help="wide shows of how many runs each figure is.",
)
@click.pass_obj
def stats(  # noqa: PLR0913 - one parameter an option
    here: Here,
    by: By,
    since: datetime | None,
    project: str | None,
    output: str,
    *,
    survival: bool,
) -> None:
    """Tell how runs did.

    How many ended and completed, how many of their pull requests were merged, scores, rounds, cost
    for each run and for each merged change, time. A run counts for every persona, agent or model
    that worked on it, with the cost and time of its own attempts. Works in any clone, with nothing
    running.
    """
    from courier.cli.views import statistics

    began = since.replace(tzinfo=UTC) if since is not None else None
    found, is_behind = here.run(_gather(here, by, _Asked(began, project, survival)))
    if is_behind:
        here.console.note("The remote does not answer; newer records may be missing.")
    if output == "json":
        here.console.show(json.dumps(statistics.json_of(found, by), indent=2))
        return
    here.console.show(statistics.table_of(found, by, here.console.ink, wide=output == "wide"))
    for said in statistics.notes(found):
        here.console.note(said)


async def _gather(here: Here, by: By, asked: _Asked) -> "tuple[Mapping[str, Tally], bool]":
    from courier.cli.archive import archive
    from courier.ports.index import RunQuery
    from courier.runs.records.statistics import tallies

    async with archive(here) as kept:
        records = kept.index.figures(RunQuery(since=asked.since, project=asked.project))
        survived = await _survived(here, records) if asked.survival else {}
        return tallies(records, by=by, survived=survived), kept.is_behind


async def _survived(here: Here, records: Sequence[Mapping[str, Any]]) -> "Mapping[str, Survived]":
    from courier.storage.survival import GitSurvival

    looks, found = GitSurvival(here.checkout.git), {}
    merged = [one for one in records if (one.get("pullRequest") or {}).get("status") == "merged"]
    for record in merged[:_MOST]:
        told = await looks.of(
            base=(record.get("base") or {}).get("commit"),
            work=(record.get("work") or {}).get("commit"),
            merged=record["pullRequest"].get("mergeCommit"),
        )
        if told is not None:
            found[str(record.get("run"))] = told
    return found
