"""`courier daemon`: reconcile until stopped."""

from typing import Any

import click

from courier.cli.here import Here
from courier.cli.logging_options import logs
from courier.cli.verb import Verb

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
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help="Answer there, e.g. 127.0.0.1:8470: webhooks, probes, metrics.",
)
@click.option(
    "--public-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A name --listen may be called by from elsewhere; with a tunnel or proxy, its name.",
)
@click.pass_obj
@logs
def daemon(
    here: Here,
    /,
    remotes: tuple[str, ...],
    config: str | None,
    interval: str | None,
    **listen: Any,
) -> None:
    """Keep doing it until stopped.

    Looks at the tracked branch of every repository whenever it moves and every half minute, starts
    what is asked for, sees it through, settles pull requests that were merged. Looks after the
    repositories that are named, those in FILE (or in the file COURIER_DAEMON_CONFIG names), or
    else the one around you. SIGTERM and Ctrl-C end it cleanly: the agents go on in their sandboxes,
    and the next daemon picks them up; a second one quits at once. One per state folder.

    With `--listen`, push events of a forge at /webhooks/push make it look at once. They have to be
    signed (X-Hub-Signature-256) with the secret in COURIER_WEBHOOK_SECRET, or in the variable the
    file names. /healthz and /readyz tell probes whether it is alive and does its work,
    /metrics tells Prometheus what was done.
    """
    from courier.cli.serving import Asked, serve

    config = config or here.environment.get("COURIER_DAEMON_CONFIG") or None
    file = here.path(config) if config else None
    here.run(serve(here, Asked(remotes, file, interval, **listen)))
