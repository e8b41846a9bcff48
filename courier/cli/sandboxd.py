"""`courier sandboxd`: the embedded sandbox server."""

import click

from courier.cli.here import Here
from courier.cli.verb import Entry, Verb, Verbs

ENTRIES = {
    "status": Entry("courier.cli.sandboxd:status", "Say whether it runs, and how it isolates."),
    "start": Entry("courier.cli.sandboxd:start", "Start it in the background."),
    "stop": Entry("courier.cli.sandboxd:stop", "Stop it; its sandboxes live on."),
    "run": Entry("courier.cli.sandboxd:run", "Run it here until it is stopped."),
}
"""Every verb; the summary is the first line of its help."""


@click.group(cls=Verbs, entries=ENTRIES)
def sandboxd() -> None:
    """Look after the embedded sandboxes.

    The server starts by itself when a run needs it. It speaks E2B's protocol, on this machine only;
    with E2B_API_KEY set, courier uses E2B's cloud instead.
    """


@click.command(cls=Verb, example="courier sandboxd status -o json")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to show it."
)
@click.pass_obj
def status(here: Here, output: str) -> int:
    """Say whether it runs, and how it isolates.

    Exits 1 if it does not run.
    """
    from courier.cli.views.json_text import to_json
    from courier.sandboxd.launcher import status as ask
    from courier.wiring import server_folder

    found = ask(server_folder(here.settings))
    url = found.endpoint.url if found.endpoint else None
    value = {
        "formatVersion": 1,
        "running": found.running,
        "pid": found.pid,
        "url": url,
        "isolation": found.isolation or None,
        "sandboxes": found.sandboxes,
    }
    if output == "json":
        here.console.show(to_json(value))
    elif found.running:
        told = f"{found.sandboxes} sandbox{'' if found.sandboxes == 1 else 'es'}"
        here.console.show(f"Running: process {found.pid} at {url}, {found.isolation}, {told}.")
    else:
        here.console.show("Not running; it starts when a run needs it.")
    return 0 if found.running else 1


@click.command(cls=Verb, example="courier sandboxd start")
@click.pass_obj
def start(here: Here) -> None:
    """Start it in the background.

    COURIER_EXPOSE, folders between colons, says what else of this machine sandboxes may read;
    COURIER_ALLOW_PLAIN=1 lets it run without isolation where there is no other way.
    """
    from courier.wiring import serve_sandboxes

    here.console.show(f"Running at {serve_sandboxes(here.settings).url}.")


@click.command(cls=Verb, example="courier sandboxd stop --kill")
@click.option("--kill", is_flag=True, help="Kill its sandboxes too.")
@click.pass_obj
def stop(here: Here, *, kill: bool) -> None:
    """Stop it; its sandboxes live on.

    They are taken over by the next server, unless their time is up before.
    """
    from courier.sandboxd.launcher import stop as stop_server
    from courier.wiring import server_folder

    stopped = stop_server(server_folder(here.settings), kill_sandboxes=kill)
    here.console.show("Stopped." if stopped else "It was not running.")


@click.command(cls=Verb, example="courier sandboxd run")
@click.pass_obj
def run(here: Here) -> int:
    """Run it here until it is stopped.

    For a process supervisor, or to see what it logs.
    """
    from courier.sandboxd.__main__ import main
    from courier.wiring import server_arguments, server_folder

    folder = str(server_folder(here.settings))
    return main(["--state-dir", folder, *server_arguments(here.settings)])
