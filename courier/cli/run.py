"""`courier run`: a Run document from a prompt, and with `--now` the run itself."""

import sys
from dataclasses import dataclass

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = """\
courier run fix-auth --workflow implement --prompt "Log in after a reset"
git diff | courier run review-this --workflow implement --prompt - --now"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for."""

    name: str
    workflow: str
    prompt: str
    project: str | None = None

    @property
    def document(self) -> dict[str, object]:
        """Return it as a Run document."""
        project = {"project": self.project} if self.project else {}
        return {
            "apiVersion": "courier/v1",
            "kind": "Run",
            "metadata": {"name": self.name, **project},
            "spec": {"workflow": self.workflow, "prompt": self.prompt},
        }


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("name")
@click.option("-w", "--workflow", required=True, help="The workflow to follow.")
@click.option("-p", "--prompt", required=True, help="The task; - reads it from stdin.")
@click.option("--project", help="The project it belongs to, where there are several.")
@click.option("--now", is_flag=True, help="Commit and push that one file, then apply and wait.")
@click.pass_obj
def run(  # noqa: PLR0913 - one parameter per option
    here: Here, name: str, workflow: str, prompt: str, project: str | None, *, now: bool
) -> int:
    """Write a Run document for a task.

    Writes `.courier/runs/NAME.yaml` in the working tree; edit it, commit it, and it is done once it
    is on the tracked branch. A name is used once: the same run never happens twice.
    """
    text = sys.stdin.read() if prompt == "-" else prompt
    wish = Wish(name, workflow, text, project)
    if now:
        return here.run(_do_now(here, wish))
    path = here.run(_write(here, wish))
    here.console.show(f"wrote {path}")
    here.console.tell(f"Next: git add {path}, commit, push, then `courier apply`.")
    return 0


async def _write(here: Here, wish: Wish) -> str:
    """Write the document unless it would be wrong; return its path from the root."""
    from courier.cli.writing import write_document

    path = f".courier/runs/{wish.name}.yaml"
    again = "Choose another name: a run is done once."
    await write_document(here, path, wish.document, taken=again)
    return path


async def _do_now(here: Here, wish: Wish) -> int:
    from courier.cli.apply import applied
    from courier.cli.writing import check_publishable, publish

    branch = await check_publishable(here)
    path = await _write(here, wish)
    await publish(here, path, branch=branch, message=f"Ask for run {wish.name}")
    return await applied(here)
