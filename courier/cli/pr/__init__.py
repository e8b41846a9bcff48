"""`courier pr`: pull requests, one verb a module."""

import click

from courier.cli.verb import Entry, Verbs

ENTRIES = {
    "list": Entry("courier.cli.pr.list:list_", "List pull requests."),
    "show": Entry("courier.cli.pr.show:show", "Show one with its text."),
    "diff": Entry("courier.cli.pr.diff:diff", "Show what one changes."),
    "merge": Entry("courier.cli.pr.merge:merge", "Merge one into its base."),
    "close": Entry("courier.cli.pr.close:close", "Close one without merging."),
    "comment": Entry("courier.cli.pr.comment:comment", "Say something below one."),
    "check": Entry("courier.cli.pr.check:check", "Say how a check of one stands."),
}
"""Every verb; the summary is the first line of its help."""


@click.group(cls=Verbs, entries=ENTRIES)
def pr() -> None:
    """Look at, merge or close pull requests.

    Of every forge the Projects name: where two have the same number, write github#7 or local#7.
    Without GitHub, a pull request is a branch and a file on `courier/state`. You may as well merge
    its branch with git: courier notices.
    """
