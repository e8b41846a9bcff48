"""`courier get`: lists of runs, pull requests and documents."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import click

from courier.cli.here import Here
from courier.cli.kinds import ALL, CHAIN, PULL_REQUEST
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.ports.index import RunQuery
    from courier.wiring import Wiring

_EXAMPLE = """\
courier get runs
courier get runs --phase failed --since 2026-11-01
courier get prs -o wide
courier get recurring
courier get chains
courier get issues
courier get workflows -o yaml
courier get run fix-slugify -o json"""

_CHAINS: Final = ("WorkChain", "SprintChain")


@dataclass(frozen=True, slots=True)
class Listed:
    """One list: what its things are called, as a table, and in full.

    Attributes:
        kind: The kind of all of them.
        rows: The table, its head first.
        items: Name to the thing as plain JSON values.
        next: What the next page goes on behind; None where there is none.
    """

    kind: str
    rows: Sequence[Sequence[str]]
    items: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What of which kind is wanted.

    Attributes:
        kind: A kind, or all.
        names: Only these; all when empty.
        runs: Which runs.
        output: How they are shown.
    """

    kind: str
    runs: "RunQuery"
    names: Sequence[str] = ()
    output: str = "table"

    @property
    def wide(self) -> bool:
        """Return whether tables have every column."""
        return self.output == "wide"

    @property
    def whole(self) -> bool:
        """Return whether more is shown than a table has."""
        return self.output in ("json", "yaml")


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("kind")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "wide", "yaml", "json", "name"]),
    default="table",
    help="How to show them.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="Most runs to list; 0 for all.",
)
@click.option("--after", metavar="RUN", help="Go on behind this run, where the last page ended.")
@click.option("--phase", metavar="PHASE", help="Only runs in this phase, e.g. failed.")
@click.option("--project", metavar="NAME", help="Only runs of this project.")
@click.option("--workflow", metavar="NAME", help="Only runs of this workflow.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    metavar="DATE",
    help="Only runs that started on this day, in UTC, or later.",
)
@click.pass_obj
def get(here: Here, /, kind: str, names: tuple[str, ...], output: str, **which: Any) -> None:
    """List runs, pull requests or documents.

    KIND is `runs`, `prs`, `recurring`, `chains`, `issues`, `answers`, any kind of document such
    as `workflows`, or `all`. Runs are those in flight here and those on record on the branch
    `courier/state`; documents are those of the tracked branch. Works in any clone, with nothing
    running.
    """
    from courier.cli.kinds import kind_named

    asked = Asked(kind_named(kind), _query(which), names, output)
    found = here.run(_gather(here, asked))
    _show(here, found, output)
    for each in found:
        for name, item in each.items.items():
            if each.kind == "Run" and item.get("reason") == "AwaitingApproval":
                here.console.note(f"{name}: {item.get('message')}")
        if each.next is not None:
            here.console.note(f"There are more: `courier get runs --after {each.next}`")


def _query(which: Mapping[str, Any]) -> "RunQuery":
    from datetime import UTC

    from courier.ports.index import RunQuery

    since = which["since"]
    whole = {**which, "limit": which["limit"] or None}
    return RunQuery(**{**whole, "since": since.replace(tzinfo=UTC) if since else None})


def _show(here: Here, found: Sequence[Listed], output: str) -> None:
    from courier.cli.views import listing

    console = here.console
    if output in ("table", "wide"):
        console.show(listing.tables([(one.kind, one.rows) for one in found], console.ink))
        return
    items = [(one.kind, one.items) for one in found]
    if output == "json":
        console.show(listing.json_of(items, next((one.next for one in found if one.next), None)))
        return
    renderers = {"yaml": listing.yaml_of, "name": listing.names_of}
    console.show(renderers[output](items))


_View = Callable[[Here, "Wiring", "Asked"], Awaitable["Listed"]]


async def _gather(here: Here, asked: Asked) -> Sequence[Listed]:
    from courier.errors import NotFound

    async with here.wired() as wiring:
        wanted = [look for kinds, look in _VIEWS if asked.kind in (*kinds, ALL)]
        found = [await look(here, wiring, asked) for look in wanted]
        if asked.kind == ALL or not wanted:
            found += await _documents(wiring, asked)
    if not asked.names:
        return found
    chosen = [_chosen(one, asked.names) for one in found]
    known = {name for one in chosen for name in one.items}
    if missing := [name for name in asked.names if name not in known]:
        detail = f"{asked.kind}: {', '.join(missing)}"
        raise NotFound(
            "There is no such thing.", detail=detail, next_step="Leave the name out to list all."
        )
    return chosen


def _chosen(listed: Listed, names: Sequence[str]) -> Listed:
    head, *rows = listed.rows
    kept = [row for row, name in zip(rows, listed.items, strict=True) if name in names]
    items = {name: item for name, item in listed.items.items() if name in names}
    return Listed(listed.kind, [head, *kept], items)


async def _runs(here: Here, wiring: "Wiring", asked: Asked) -> Listed:
    from courier.cli.views import tables
    from courier.engine.accounts.records import Page, named, page

    world, client = wiring.world, wiring.client()
    if asked.names:
        found = Page(await named(world, client, asked.names))
    else:
        found = await page(world, client, asked.runs, whole=asked.whole)
    rows = tables.runs(found.accounts, here.clock.now(), wide=asked.wide)
    return Listed("Run", rows, {str(one["run"]): one for one in found.accounts}, found.next)


async def _pull_requests(here: Here, wiring: "Wiring", asked: Asked) -> Listed:
    from courier.cli.pr.numbers import name_of
    from courier.cli.views import tables

    found = await wiring.offices().list()
    rows = tables.pull_requests(found, here.clock.now(), wide=asked.wide)
    items = {name_of(one): one.model_dump(mode="json", by_alias=True) for one in found}
    return Listed(PULL_REQUEST, rows, items)


async def _sandboxes(here: Here, wiring: "Wiring", asked: Asked) -> Listed:
    from courier.cli.views import guests
    from courier.engine.interactive.telling import sandboxes

    found = await sandboxes(wiring.world, wiring.client())
    shown = [told for told in found if not told.get("deletedAt") or told["sandbox"] in asked.names]
    rows = guests.rows(shown, here.clock.now(), wide=asked.wide)
    return Listed("Sandbox", rows, {str(told["sandbox"]): told for told in shown})


async def _recurring(here: Here, wiring: "Wiring", asked: Asked) -> Listed:
    from courier.cli.views import agenda as view
    from courier.engine.accounts.agenda import agenda

    catalog = (await wiring.preview().tracked()).catalog
    found = await agenda(catalog, wiring.state, now=here.clock.now())
    return Listed("RecurringTask", view.rows(list(found.values()), wide=asked.wide), found)


async def _chains(_here: Here, wiring: "Wiring", asked: Asked) -> Listed:
    from courier.cli.views import chains as view
    from courier.engine.accounts.itinerary import itinerary

    catalog = (await wiring.preview().tracked()).catalog
    known = await itinerary(catalog, wiring.state)
    wanted = _CHAINS if asked.kind not in _CHAINS else (asked.kind,)
    kept = {ref: told for ref, told in known.items() if ref.kind in wanted}
    named = {told["chain"]: told for told in kept.values()}
    if len(named) < len(kept):
        named = {f"{ref.kind.lower()}/{ref.name}": told for ref, told in kept.items()}
    kind = asked.kind if asked.kind in _CHAINS else CHAIN
    return Listed(kind, view.rows(list(kept.values()), wide=asked.wide), named)


async def _issues(_here: Here, wiring: "Wiring", asked: Asked) -> Listed:
    from courier.cli.views import backlog
    from courier.engine.accounts.courses import Courses
    from courier.planning.chains.backlog import issue_accounts

    catalog = (await wiring.preview().tracked()).catalog
    await wiring.state.refresh()
    found = issue_accounts(catalog, await Courses(wiring.state).look())
    return Listed("Issue", backlog.issue_rows(list(found.values()), wide=asked.wide), found)


async def _answers(_here: Here, wiring: "Wiring", asked: Asked) -> Listed:
    from courier.cli.views import backlog
    from courier.engine.accounts.answers import answers

    found = await answers((await wiring.preview().tracked()).catalog, wiring.index)
    rows = backlog.session_rows(list(found.values()), wide=asked.wide)
    return Listed("AnsweringSession", rows, found)


async def _documents(wiring: "Wiring", asked: Asked) -> Sequence[Listed]:
    from courier.cli.views import tables
    from courier.resources.names import KIND_NAMES

    catalog = (await wiring.preview().tracked()).catalog
    held = [
        each
        for each in KIND_NAMES
        if not any(each in kinds for kinds, _ in _VIEWS) and list(catalog.of_kind(each))
    ]
    wanted = held if asked.kind == ALL else [asked.kind]
    found = []
    for each in wanted:
        refs = list(catalog.of_kind(each))
        projects = {ref: project.name for ref in refs if (project := catalog.project_of(ref))}
        rows = tables.documents(
            [(ref, catalog.documents[ref]) for ref in refs], projects, wide=asked.wide
        )
        found.append(Listed(each, rows, {ref.name: catalog.documents[ref].value for ref in refs}))
    return found


_VIEWS: Final[Sequence[tuple[Sequence[str], _View]]] = (
    (("Run",), _runs),
    ((PULL_REQUEST,), _pull_requests),
    (("Sandbox",), _sandboxes),
    (("RecurringTask",), _recurring),
    ((*_CHAINS, CHAIN), _chains),
    (("Issue",), _issues),
    (("AnsweringSession",), _answers),
)
"""Kinds that are shown otherwise than by their documents, each with what shows them."""
