"""`courier daemon`: reconcile until stopped."""

import logging

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_CHATTY = ("httpx", "httpcore", "e2b", "watchfiles")
"""Libraries that log every request."""

_EXAMPLE = """\
courier daemon
courier daemon ~/work/site https://github.com/acme/tools.git
courier daemon --config /etc/courier/daemon.yaml
COURIER_HOME=/srv/courier courier daemon -v"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("remotes", nargs=-1, metavar="[REMOTE|PATH]...")
@click.option(
    "--config",
    metavar="FILE",
    help="A YAML list of repositories, read again when it changes and on SIGHUP.",
)
@click.option(
    "--interval",
    metavar="TIME",
    help="How soon to look when nothing tells of a change, 5s to 1d; 30s without it.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
@click.pass_obj
def daemon(
    here: Here, remotes: tuple[str, ...], config: str | None, interval: str | None, *, verbose: bool
) -> None:
    """Keep doing it until stopped.

    Looks at the tracked branch of every repository whenever it moves and every half minute, starts
    what is asked for, sees it through, settles pull requests that were merged. Looks after the
    repositories that are named, those in FILE (or in the file COURIER_DAEMON_CONFIG names), or
    else the one around you. SIGTERM and Ctrl-C end it cleanly: the agents go on in their sandboxes,
    and the next daemon picks them up; a second one quits at once. One per state folder.
    """
    level = logging.DEBUG if verbose else logging.INFO
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=level, format=form, stream=here.console.err)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.INFO if verbose else logging.WARNING)

    from courier.cli.serving import Asked, serve

    config = config or here.environment.get("COURIER_DAEMON_CONFIG") or None
    here.run(serve(here, Asked(remotes, here.path(config) if config else None, interval)))
