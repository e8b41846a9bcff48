"""`courier sandbox purge`."""

import click

from courier.cli.here import Here
from courier.cli.sandbox.desk import NAME, plain
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier sandbox purge desk --yes")
@NAME
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.pass_obj
def purge(here: Here, name: str, *, yes: bool) -> None:
    """Remove a deleted one's record.

    Only the record: its branch, pull request, transcript and usage stay. Its document must be off
    the tracked branch, or the sandbox would be made anew. The branch `courier/state` keeps history.
    """
    here.run(_purge(here, plain(name), yes=yes))


async def _purge(here: Here, name: str, *, yes: bool) -> None:
    from courier.engine.interactive import shelf
    from courier.errors import Conflict, Misused
    from courier.planning.documents.references import Ref

    async with here.wired() as wiring:
        await shelf.deleted(wiring.state, name)
        documents = (await wiring.preview().tracked()).catalog.documents
        if (document := documents.get(Ref("Sandbox", name))) is not None:
            raise Conflict(
                f"The document of sandbox {name} is still there; without a record it would be made "
                "anew.",
                detail=str(document.start),
                next_step="Remove the document from the tracked branch first.",
            )
        if not yes:
            if not here.console.is_terminal:
                raise Misused("This cannot be undone.", next_step="Say so with --yes.")
            click.confirm(f"Remove the record of sandbox {name} for good?", abort=True, err=True)
        await shelf.purge(wiring.state, name)
    here.console.show(f"sandbox/{name} is purged.")
