"""`courier describe`: all about one run, pull request or document."""

from typing import TYPE_CHECKING, Any

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.wiring import Wiring

_EXAMPLE = """\
courier describe run/fix-slugify
courier describe pr/1
courier describe recurringtask/nightly
courier describe sprintchain/roadmap
courier describe workflow/fix"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("what", metavar="KIND/NAME")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "yaml", "json"]),
    default="text",
    help="How to show it.",
)
@click.pass_obj
def describe(here: Here, what: str, output: str) -> None:
    """Tell all about one of them.

    For a run: its steps, verdicts with feedback, usage, pull request and inputs with digests, from
    its record on the branch `courier/state`, or as far as it is while in flight here. Works in any
    clone, with nothing running.
    """
    from courier.cli.kinds import thing_named
    from courier.cli.views.json_text import to_json
    from courier.planning.yaml.blocks import to_yaml

    kind, name = thing_named(what, next_step=f"Try `run/{what}`.")
    text, value = here.run(_look(here, kind, name))
    if output == "text":
        here.console.show(text)
    elif output == "yaml":
        here.console.show(to_yaml(value))
    else:
        told = {"formatVersion": 1, "kind": kind, "item": value}
        here.console.show(to_json(told))


async def _look(here: Here, kind: str, name: str) -> tuple[str, Any]:
    """Return one thing as text and as plain JSON values."""
    from courier.cli.kinds import PULL_REQUEST
    from courier.cli.views import proposal

    async with here.wired() as wiring:
        if kind == "Run":
            return await _run(here, wiring, name)
        if kind == PULL_REQUEST:
            from courier.cli.pr.numbers import found

            _, pull = await found(wiring, name)
            value = pull.model_dump(mode="json", by_alias=True)
            return proposal.told(pull, here.console.ink), value
        if kind in ("RecurringTask", "IssueScan"):
            return await _recurring(here, wiring, kind, name)
        if kind in ("WorkChain", "SprintChain"):
            return await _chain(here, wiring, kind, name)
        if kind in ("Issue", "AnsweringSession"):
            return await _of_backlog(here, wiring, kind, name)
        return await _document(here, wiring, kind, name)


async def _chain(here: Here, wiring: "Wiring", kind: str, name: str) -> tuple[str, Any]:
    from courier.cli.views import chains as view
    from courier.engine.accounts.itinerary import itinerary
    from courier.planning.documents.references import Ref

    catalog = (await wiring.preview().tracked()).catalog
    found = (await itinerary(catalog, wiring.state)).get(Ref(kind, name))
    if found is None:
        return await _document(here, wiring, kind, name)
    return view.told(found, here.console.ink), found


async def _of_backlog(here: Here, wiring: "Wiring", kind: str, name: str) -> tuple[str, Any]:
    from courier.cli.views import backlog as view
    from courier.engine.accounts.answers import answers
    from courier.engine.accounts.courses import Courses
    from courier.planning.chains.backlog import issue_accounts

    catalog = (await wiring.preview().tracked()).catalog
    await wiring.state.refresh()
    if kind == "Issue":
        found, told = issue_accounts(catalog, await Courses(wiring.state).look()), view.issue_told
    else:
        found, told = await answers(catalog, wiring.index), view.session_told
    if name not in found:
        return await _document(here, wiring, kind, name)
    return told(found[name], here.console.ink), found[name]


async def _run(here: Here, wiring: "Wiring", name: str) -> tuple[str, Any]:
    from courier.cli.views import account
    from courier.engine.accounts.records import account as read_account
    from courier.errors import NotFound

    try:
        found = await read_account(wiring.world, wiring.client(), name)
    except NotFound as unknown:
        try:
            document = await _document(here, wiring, "Run", name)
        except NotFound:
            raise unknown from None
        here.console.note(
            "It is asked for and not on record; `courier plan` says what becomes of it."
        )
        return document
    saved = await _saved(wiring, name)
    whole = {**found, "checkpoints": saved}
    return account.told(whole, here.clock.now(), here.console.ink), whole


async def _recurring(here: Here, wiring: "Wiring", kind: str, name: str) -> tuple[str, Any]:
    from courier.cli.views import agenda as view
    from courier.engine.accounts.agenda import agenda
    from courier.planning.documents.references import Ref
    from courier.planning.observed.diary import label_of

    catalog = (await wiring.preview().tracked()).catalog
    found = await agenda(catalog, wiring.state, now=here.clock.now())
    label = label_of(Ref(kind, name))
    if label not in found:
        return await _document(here, wiring, kind, name)
    return view.told(found[label], here.console.ink), found[label]


async def _saved(wiring: "Wiring", name: str) -> list[dict[str, Any]]:
    """Return the run's checkpoints; none where the remote cannot be asked."""
    from courier.cli.views import checkpoints
    from courier.errors import CourierError

    try:
        return checkpoints.values(await wiring.world.checkpoints.of(name))
    except CourierError:
        return []


async def _document(here: Here, wiring: "Wiring", kind: str, name: str) -> tuple[str, Any]:
    from courier.cli.views.documents import told
    from courier.errors import NotFound
    from courier.planning.documents.references import Ref

    catalog = (await wiring.preview().tracked()).catalog
    found = catalog.documents.get(Ref(kind, name))
    if found is None:
        raise NotFound(
            "There is no such document on the tracked branch.",
            detail=f"{kind}/{name}",
            next_step="See `courier get all`.",
        )
    project = catalog.project_of(found.ref)
    text = told(found, project.name if project else "", here.console.ink)
    return text, found.value
