"""`courier context`: the versions of a Context, one verb a module."""

import click

from courier.cli.verb import Entry, Verbs

ENTRIES = {
    "history": Entry("courier.cli.context.history:history", "List the versions of one."),
    "rollback": Entry("courier.cli.context.rollback:rollback", "Pin one to a version."),
    "unpin": Entry("courier.cli.context.rollback:unpin", "Use the newest version again."),
}
"""Every verb; the summary is the first line of its help."""


@click.group(cls=Verbs, entries=ENTRIES)
def context() -> None:
    """List versions of a Context, or pin one.

    A version is what the Context's file said at a commit of the tracked branch. A pin is written
    into the file and takes effect like any edit, once it is on the tracked branch.
    """
