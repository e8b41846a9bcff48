"""`courier notify`: who was told what, one verb a module."""

import click

from courier.cli.verb import Entry, Verbs

ENTRIES = {
    "list": Entry("courier.cli.notify.list:list_", "List letters that did not arrive."),
    "retry": Entry("courier.cli.notify.retry:retry", "Send letters again that were given up."),
    "test": Entry("courier.cli.notify.test:test", "Send a notification a test now."),
}
"""Every verb; the summary is the first line of its help."""


@click.group(cls=Verbs, entries=ENTRIES)
def notify() -> None:
    """See who was told what, and try it.

    Whom a project tells what stands under `notifications` of its Project. Each thing that happened
    is a letter to each of them, which the engine of this repository sends until it is taken.
    """
