"""`courier asset`: assets shared between repositories, one verb a module."""

import click

from courier.cli.verb import Entry, Verbs

ENTRIES = {
    "add": Entry("courier.cli.asset.add:add", "Take an asset of another repository."),
    "update": Entry("courier.cli.asset.update:update", "Take assets anew, in newer versions."),
    "list": Entry("courier.cli.asset.list:list_", "List what was taken, and whether it changed."),
    "publish": Entry("courier.cli.asset.publish:publish", "Publish a version of an asset."),
}
"""Every verb; the summary is the first line of its help."""


@click.group(cls=Verbs, entries=ENTRIES)
def asset() -> None:
    """Share assets between repositories.

    Personas, contexts, skills, commands, scripts, agents, templates and workflows have versions of
    their own. What is taken is copied into `.courier/`, so that a pull request shows it, and pinned
    in `.courier/courier.lock` by version, commit and digests; nothing is fetched when agents run.
    """
