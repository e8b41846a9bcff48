"""`courier notify test`: one letter, sent now, by hand."""

from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.resources.notification import Notification
    from courier.runs.notices.notice import Letter
    from courier.wiring import Wiring

_EXAMPLE = """\
courier notify test team-chat
courier notify test on-call --event budgetReached --project shop"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("name")
@click.option("--project", metavar="NAME", help="Whose it is, where several have one of that name.")
@click.option("--event", default="runCompleted", show_default=True, help="What to pretend.")
@click.pass_obj
def test(here: Here, name: str, project: str | None, event: str) -> None:
    """Send a notification a test now.

    Says that it is a test, and goes out from this process, with the secrets of its environment, by
    the documents on disk. Exits 1 with the reason if the receiver does not take it.
    """
    told = here.run(_send(here, name, project, event))
    here.console.show(told)


async def _send(here: Here, name: str, project: str | None, event: str) -> str:
    async with here.wired() as wiring:
        letter = await _letter(here, wiring, (name, project, event))
        await wiring.world.notifier.send(letter)
    return f"{letter.sink.type} {letter.sink.name} of {letter.notice.project} has taken it."


async def _letter(here: Here, wiring: "Wiring", asked: tuple[str, str | None, str]) -> "Letter":
    from courier.runs.notices.notice import Letter, Notice
    from courier.storage.failures import without_userinfo

    name, project, event = asked
    owner, sink = await _sink(here, name, project)
    now = here.clock.now()
    notice = Notice.model_validate(
        {
            "event": _checked(event),
            "key": f"test/{now.isoformat()}",
            "at": now,
            "project": owner,
            "subject": "Test: run example",
            "message": "Sent by `courier notify test`. Nothing happened.",
        }
    )
    return Letter(repository=without_userinfo(wiring.home.remote), notice=notice, sink=sink)


async def _sink(here: Here, name: str, project: str | None) -> "tuple[str, Notification]":
    from courier.engine.notices.herald import sinks_of
    from courier.engine.passes.preview import read_files
    from courier.errors import NotFound
    from courier.planning.documents.manifest import Schemas
    from courier.shipped import schema_text

    reading = read_files(await here.checkout.files(), Schemas(schema_text))
    every = [(owner, one) for owner, sinks in sinks_of(reading.catalog).items() for one in sinks]
    found = [(owner, one) for owner, one in every if one.name == name and project in (None, owner)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{one.name} of {owner}" for owner, one in every)
    advice = f"There are: {known}." if known else "See `courier explain project.notifications`."
    raise NotFound(
        "Several notifications are called so." if found else "No notification is called so.",
        detail=name,
        next_step=f"Say --project. {advice}" if found else advice,
    )


def _checked(event: str) -> str:
    from typing import get_args

    from courier.errors import Misused
    from courier.resources.notification import Event

    if event not in get_args(Event):
        known = ", ".join(get_args(Event))
        raise Misused("There is no such event.", detail=event, next_step=f"One of {known}.")
    return event
