"""`courier resume`: let a recurring task or chain go on after failures."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = """\
courier resume recurringtask/nightly
courier resume sprintchain/roadmap --from sign-in"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("what", metavar="KIND/NAME")
@click.option("--from", "part", default="", help="The part a chain goes on with.")
@click.option("--reason", default="", help="Why; kept on record with your name.")
@click.pass_obj
def resume(here: Here, what: str, part: str, reason: str) -> None:
    """Let a recurring task or chain go on after failures.

    A task that rests since too many of its runs failed in a row is due again, and its failures are
    counted anew. What came while it rested is not made up for; `courier trigger` runs it now. A
    task that rests because a document says `suspend: true` goes on when that line is gone.

    A chain begins anew the part that failed, or the one named with `--from` and all behind it, on
    what was completed before. To go on with the work of the run that failed, use `courier retry`.
    """
    from courier.cli.kinds import CHAIN, kind_named
    from courier.errors import Misused
    from courier.planning.documents.references import Ref

    kind, slash, name = what.rpartition("/")
    known = kind_named(kind) if slash else ""
    if known == CHAIN:
        raise Misused("Say which sort.", detail=what, next_step=f"Try `sprintchain/{name}`.")
    if known in ("WorkChain", "SprintChain"):
        from courier.cli.goingon import resume_chain

        ref = Ref(known, name)
        begun = here.run(resume_chain(here, ref, part=part, reason=reason))
        here.console.show(f"{ref} goes on with {begun}.")
        return
    if part:
        raise Misused("Only a chain goes on from a part.", detail=what)
    from courier.cli.asking import ask_of_task

    task, _ = here.run(ask_of_task(here, "resume", what, reason=reason))
    here.console.show(f"{task.name} goes on.")
