"""`courier approve`: let a run go on that waits for a person, or let agents be told answers."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = """\
courier approve fix-slugify
courier approve fix-slugify --comment "read every line" --tree 1f2e3d4c5b6a
courier approve answeringsession/weekly-1 which-hash"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("run")
@click.argument("questions", nargs=-1, metavar="[QUESTION]...")
@click.option("--gate", metavar="NAME", help="Only if it waits at the approval of this name.")
@click.option("--tree", metavar="ID", help="Only if its work is this tree; the start will do.")
@click.option("--comment", default="", help="Kept on record with your name.")
@click.pass_obj
def approve(here: Here, /, run: str, questions: tuple[str, ...], **only: str | None) -> None:
    """Let a run go on that waits for a person.

    Your yes is about exactly the work there is now: other work is asked about again. You are who
    git's user.name and user.email say, and in the Team also COURIER_USER. Who may approve is said
    by the workflow's `approvals` and the project's Team.

    With `answeringsession/NAME`, answers in that document on disk are approved, those to QUESTION
    or all: agents are told them once that is on the tracked branch.
    """
    from courier.cli.answering import Answer, answered
    from courier.errors import Misused

    kind, _, name = run.rpartition("/")
    if kind.replace("-", "").lower() in ("answeringsession", "answeringsessions"):
        from courier.cli.approving import approve_answers

        here.run(approve_answers(here, name, questions))
        return
    if questions:
        raise Misused("A run has no questions to name.", detail=" ".join((run, *questions)))
    comment = only.pop("comment") or ""
    said = Answer("approve", run.removeprefix("run/"), comment, **only)
    here.console.show(here.run(answered(here, said)))
