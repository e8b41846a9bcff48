"""`courier learnings compile`."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command("compile", cls=Verb, example="courier learnings compile")
@click.pass_obj
def compile_(here: Here) -> None:
    """Keep the version that holds now.

    Compiles what is approved on the tracked branch, and keeps it on `courier/state` as
    `learnings/versions/N.md` if it differs from the newest version. Every pass of the daemon and of
    `courier apply` does the same by itself.
    """
    here.console.show(here.run(_compile(here)))


async def _compile(here: Here) -> str:
    from courier.diagnostics import has_errors
    from courier.engine.learnings.versions import VersionShelf, keep_version
    from courier.errors import Conflict, InvalidCatalog, Misconfigured
    from courier.planning.catalog.inforce import MEND
    from courier.planning.catalog.learnings import next_version

    async with here.wired() as wiring:
        reading = await wiring.preview().tracked()
        if has_errors(reading.diagnostics):
            raise InvalidCatalog(reading.diagnostics)
        await wiring.state.refresh()
        head = await wiring.mirror.head()
        observed = await VersionShelf(wiring.world).look(head, ())
        if observed.fault:
            raise Misconfigured(
                "The versions cannot be read.", detail=observed.fault, next_step=MEND
            )
        made = next_version(reading.catalog, observed, commit=head.commit)
        if made is None:
            newest = observed.index.newest
            said = f"Version {newest.version} says what holds already." if newest else ""
            return said or "No learning is approved, so there is no version to keep."
        if not await keep_version(wiring.state, made):
            raise Conflict("Somebody else kept another version just now.", next_step="Try again.")
    left = f", {len(made.left_out)} left out for want of room" if made.left_out else ""
    count = len(made.lessons)
    return f"Kept version {made.version}: {count} learning{'' if count == 1 else 's'}{left}."
