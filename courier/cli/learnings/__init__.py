"""`courier learnings`: what runs taught, one verb a module."""

import click

from courier.cli.verb import Entry, Verbs

ENTRIES = {
    "list": Entry("courier.cli.learnings.list:list_", "List what runs taught."),
    "show": Entry("courier.cli.learnings.show:show", "Show one with all that is known of it."),
    "approve": Entry("courier.cli.learnings.approve:approve", "Let runs be told some."),
    "reject": Entry("courier.cli.learnings.reject:reject", "Do without some, for good."),
    "preview": Entry("courier.cli.learnings.preview:preview", "Show what a step would be told."),
    "compile": Entry("courier.cli.learnings.compile:compile_", "Keep the version that holds now."),
    "stats": Entry("courier.cli.learnings.stats:stats", "Count runs with and without each."),
}
"""Every verb; the summary is the first line of its help."""


@click.group(cls=Verbs, entries=ENTRIES)
def learnings() -> None:
    """See, decide on and count what runs taught.

    A learning is a document below `.courier/`; courier proposes new ones in a pull request, and
    merging it approves them. Only approved ones are told to agents, compiled into versions that a
    project can be pinned to.
    """
