"""The program: which commands there are, and where each of them is."""

from collections.abc import MutableMapping, Sequence

import click

from courier import __version__
from courier.cli.verb import Entry, Verbs

_WRITE, _DO, _LOOK, _TAKE, _MACHINE = (
    "Say what you want",
    "Have it done",
    "See what happened",
    "Take the work over",
    "This machine",
)

ENTRIES = {
    "init": Entry("courier.cli.init:init", "Write a first .courier/ to edit.", _WRITE),
    "run": Entry("courier.cli.run:run", "Write a Run document for a task.", _WRITE),
    "validate": Entry(
        "courier.cli.validate:validate", "Check every document of a working tree.", _WRITE
    ),
    "explain": Entry("courier.cli.explain:explain", "Explain a field, or a run's values.", _WRITE),
    "context": Entry(
        "courier.cli.context:context", "List versions of a Context, or pin one.", _WRITE
    ),
    "schema": Entry("courier.cli.schema:schema", "Show, write or check the JSON Schemas.", _WRITE),
    "asset": Entry("courier.cli.asset:asset", "Share assets between repositories.", _WRITE),
    "refs": Entry("courier.cli.refs:refs", "Tell who uses something.", _WRITE),
    "plan": Entry("courier.cli.plan:plan", "Show what would be done, and why.", _DO),
    "apply": Entry("courier.cli.apply:apply", "Do what the tracked branch asks for.", _DO),
    "daemon": Entry("courier.cli.daemon:daemon", "Keep doing it until stopped.", _DO),
    "reconcile": Entry(
        "courier.cli.reconcile:reconcile", "Have the daemon look at a repository now.", _DO
    ),
    "worker": Entry("courier.cli.worker:worker", "Run runs as one of many workers.", _DO),
    "cancel": Entry("courier.cli.cancel:cancel", "Stop a run and keep its work.", _DO),
    "retry": Entry("courier.cli.retry:retry", "Do an ended run again, from a step.", _DO),
    "rescue": Entry(
        "courier.cli.rescue:rescue", "Bring work saved out of a sandbox to a branch.", _DO
    ),
    "approve": Entry(
        "courier.cli.approve:approve", "Let a run go on that waits for a person.", _DO
    ),
    "reject": Entry("courier.cli.reject:reject", "Say no to a run that waits for a person.", _DO),
    "learnings": Entry(
        "courier.cli.learnings:learnings", "See, decide on and count what runs taught.", _DO
    ),
    "trigger": Entry("courier.cli.trigger:trigger", "Run a recurring task or scan now.", _DO),
    "resume": Entry(
        "courier.cli.resume:resume", "Let a recurring task or chain go on after failures.", _DO
    ),
    "status": Entry(
        "courier.cli.status:status", "Tell how the daemon and its projects stand.", _LOOK
    ),
    "get": Entry("courier.cli.get:get", "List runs, pull requests or documents.", _LOOK),
    "describe": Entry("courier.cli.describe:describe", "Tell all about one of them.", _LOOK),
    "logs": Entry("courier.cli.logs:logs", "Show what agents said and did.", _LOOK),
    "why": Entry("courier.cli.why:why", "Tell which run wrote a line, and why.", _LOOK),
    "stats": Entry("courier.cli.stats:stats", "Tell how runs did.", _LOOK),
    "usage": Entry("courier.cli.usage:usage", "Sum what was used, and what it cost.", _LOOK),
    "notify": Entry("courier.cli.notify:notify", "See who was told what, and try it.", _LOOK),
    "replay": Entry(
        "courier.cli.replay:replay", "Go through an ended run again, asking no model.", _LOOK
    ),
    "sandbox": Entry(
        "courier.cli.sandbox:sandbox", "Sit down with a live sandbox and its agent.", _TAKE
    ),
    "pr": Entry("courier.cli.pr:pr", "Look at, merge or close pull requests.", _TAKE),
    "demo": Entry(
        "courier.cli.demo:demo", "Watch the whole thing once, in a scratch repository.", _TAKE
    ),
    "doctor": Entry(
        "courier.cli.doctor:doctor", "Say what is missing here, and how to get it.", _MACHINE
    ),
    "prune": Entry("courier.cli.prune:prune", "Take away what is kept no longer.", _MACHINE),
    "template": Entry(
        "courier.cli.template:template", "Look at templates, or build one ahead of time.", _MACHINE
    ),
    "migrate": Entry(
        "courier.cli.migrate:migrate", "Move this machine's runs to PostgreSQL.", _MACHINE
    ),
    "sandboxd": Entry(
        "courier.cli.sandboxd:sandboxd", "Look after the embedded sandboxes.", _MACHINE
    ),
    "completion": Entry(
        "courier.cli.completion:completion", "Print a shell's completion script.", _MACHINE
    ),
}
"""Every command; the summary is the first line of its help."""


@click.group(cls=Verbs, entries=ENTRIES)
@click.version_option(__version__, prog_name="courier", message="%(prog)s %(version)s")
@click.option(
    "-C",
    "folder",
    metavar="DIR",
    help="Behave as if started in this folder.",
)
@click.pass_context
def courier(ctx: click.Context, folder: str | None) -> None:
    """Run AI coding agents the GitOps way.

    What agents should do is written as YAML in `.courier/`, reviewed, and carried out in isolated
    sandboxes; what happened is committed to the branch `courier/state`. Start with `courier demo`,
    or with `courier init` in a repository of yours.
    """
    if folder is not None:
        ctx.obj.go_to(folder)


def main(argv: Sequence[str], *, environment: MutableMapping[str, str], cwd: str) -> int:
    """Carry a command line out and return the exit code.

    Args:
        argv: The arguments, without the program's name.
        environment: The variables of the process.
        cwd: The folder the person is in.
    """
    from courier.cli.boundary import guarded
    from courier.cli.here import Here

    here = Here(environment, cwd)

    def run() -> object:
        return courier.main(list(argv), prog_name="courier", standalone_mode=False, obj=here)

    return guarded(run, here, argv)
