"""`courier sandbox`: live sandboxes with an agent in them, one verb a module."""

import click

from courier.cli.verb import Entry, Verbs

_MAKE, _WORK, _END = "Make and look", "Work in one", "End and tidy"

ENTRIES = {
    "create": Entry("courier.cli.sandbox.create:create", "Make one and start its agent.", _MAKE),
    "list": Entry("courier.cli.sandbox.list:list_", "List them.", _MAKE),
    "show": Entry("courier.cli.sandbox.show:show", "Show one with its conversation.", _MAKE),
    "attach": Entry(
        "courier.cli.sandbox.attach:attach", "Open a terminal in one, or its conversation.", _WORK
    ),
    "send": Entry("courier.cli.sandbox.send:send", "Say something to its agent.", _WORK),
    "port": Entry("courier.cli.sandbox.port:port", "Print the URL of a port inside.", _WORK),
    "pause": Entry("courier.cli.sandbox.pause:pause", "Freeze one with its memory.", _WORK),
    "resume": Entry("courier.cli.sandbox.resume:resume", "Let a paused one go on.", _WORK),
    "kill": Entry("courier.cli.sandbox.kill:kill", "End one and keep its work.", _END),
    "delete": Entry("courier.cli.sandbox.delete:delete", "Put one out of sight.", _END),
    "restore": Entry("courier.cli.sandbox.restore:restore", "Bring a deleted one back.", _END),
    "purge": Entry("courier.cli.sandbox.purge:purge", "Remove a deleted one's record.", _END),
}
"""Every verb; the summary is the first line of its help."""


@click.group(cls=Verbs, entries=ENTRIES)
def sandbox() -> None:
    """Sit down with a live sandbox and its agent.

    A sandbox is asked for by a `kind: Sandbox` document and kept by the daemon; without a daemon
    the command you type keeps it for as long as it runs. Nobody there when its time is up, it is
    paused with its memory, not lost. What the agent leaves uncommitted is pushed and proposed when
    the sandbox goes.
    """
