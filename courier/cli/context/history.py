"""`courier context history`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.engine.desired.versions import ContextVersion

_EXAMPLE = "courier context history style\ncourier context history style -o json"


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("name")
@click.option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", help="How to show it."
)
@click.pass_obj
def history(here: Here, name: str, output: str) -> None:
    """List the versions of one.

    Newest first, with the digest of what the Context said; `*` marks the one that runs are given.
    Reads the tracked branch as the remote has it.
    """
    from courier.cli.context.documents import context_named
    from courier.cli.views.ink import columns, safe
    from courier.cli.views.json_text import to_json

    async def look() -> "Sequence[ContextVersion]":
        from courier.engine.desired.versions import ContextVersions

        document = await context_named(here, name)
        async with here.wired() as wiring:
            await wiring.mirror.fetch()
            return await ContextVersions(wiring.mirror).of(document)

    found = here.run(look())
    if output == "json":
        items = [
            {
                "commit": each.commit,
                "at": each.at.isoformat(),
                "author": each.author,
                "digest": each.digest,
                "subject": each.subject,
                "isUsed": each.is_used,
            }
            for each in found
        ]
        here.console.show(to_json({"formatVersion": 1, "context": name, "versions": items}))
        return
    if not found:
        here.console.show(f"Context {name} is not on the tracked branch yet.")
        return
    rows = [
        (
            "*" if each.is_used else "",
            each.commit[:12],
            f"{each.at:%Y-%m-%d %H:%M}",
            safe(each.author),
            each.digest[:12],
            safe(each.subject),
        )
        for each in found
    ]
    head, *lines = columns([("", "COMMIT", "DATE (UTC)", "AUTHOR", "DIGEST", "SUBJECT"), *rows])
    here.console.show("\n".join([here.console.ink.paint(head, "dim"), *lines]))
