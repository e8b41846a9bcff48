"""`courier context rollback` and `unpin`: writing a pin, and taking it away."""

from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.planning.documents.manifest import Document

_ONLY_SHOW = click.option(
    "--diff", "only_show", is_flag=True, help="Show the edit and write nothing."
)


@click.command(cls=Verb, example="courier context rollback style 4f2a9c1d")
@click.argument("name")
@click.argument("commit")
@_ONLY_SHOW
@click.pass_obj
def rollback(here: Here, name: str, commit: str, *, only_show: bool) -> None:
    """Pin one to a version.

    COMMIT is an id, or the beginning of one, from `courier context history NAME`. Writes `pin` into
    the file and leaves everything else in it as it is.
    """
    from courier.cli.context.documents import context_named

    async def decide() -> "tuple[Document, str]":
        from courier.engine.desired.versions import ContextVersions

        document = await context_named(here, name)
        async with here.wired() as wiring:
            await wiring.mirror.fetch()
            return document, await ContextVersions(wiring.mirror).find(document, commit)

    document, found = here.run(decide())
    _edit(here, document, found, only_show=only_show)


@click.command(cls=Verb, example="courier context unpin style")
@click.argument("name")
@_ONLY_SHOW
@click.pass_obj
def unpin(here: Here, name: str, *, only_show: bool) -> None:
    """Use the newest version again.

    Takes `pin` out of the file and leaves everything else in it as it is.
    """
    from courier.cli.context.documents import context_named

    _edit(here, here.run(context_named(here, name)), None, only_show=only_show)


def _edit(here: Here, document: "Document", commit: str | None, *, only_show: bool) -> None:
    from courier.errors import Misused
    from courier.planning.documents.pinning import with_pin

    path = here.checkout.root / document.path
    before = path.read_bytes().decode()
    after = with_pin(document, before, commit)
    if after is None:
        todo = "Take the line `pin` out of it" if commit is None else f'Write `pin: "{commit}"`'
        raise Misused(
            "The pin cannot be changed here without touching more.",
            detail=str(document.position(("spec",))),
            next_step=f"{todo} yourself.",
        )
    if only_show:
        here.console.show(_difference(document.path, before, after))
        return
    if after == before:
        here.console.show(f"Nothing to change in {document.path}.")
        return
    path.write_bytes(after.encode())
    told = "is given as it is newest" if commit is None else f"is pinned to {commit[:12]}"
    here.console.show(f"{document.ref} {told} in {document.path}.")
    here.console.tell("It takes effect once that is on the tracked branch; see `courier plan`.")


def _difference(path: str, before: str, after: str) -> str:
    from difflib import unified_diff

    lines = unified_diff(
        before.splitlines(), after.splitlines(), f"a/{path}", f"b/{path}", lineterm=""
    )
    return "\n".join(lines)
