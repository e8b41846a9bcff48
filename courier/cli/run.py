"""`courier run`: a Run document from a prompt, and with `--now` the run itself."""

import sys
from dataclasses import dataclass

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = """\
courier run fix-auth --workflow implement --prompt "Log in again after a password change"
git diff | courier run review-this --workflow implement --prompt - --now"""


_HEADER = "# yaml-language-server: $schema=../schema.json\n"


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
    from courier.cli.views.yaml import to_yaml
    from courier.diagnostics import has_errors
    from courier.engine.preview import read_files
    from courier.errors import Conflict, InvalidCatalog
    from courier.planning.manifest import Schemas
    from courier.shipped import schema_text

    checkout = here.checkout
    path = f".courier/runs/{wish.name}.yaml"
    if (checkout.root / path).exists():
        raise Conflict(f"{path} exists.", next_step="Choose another name: a run is done once.")
    files = dict(await checkout.files())
    header = _HEADER if ".courier/schema.json" in files else ""
    text = (header + to_yaml(wish.document)).encode()
    reading = read_files({**files, path: text}, Schemas(schema_text))
    mine = [one for one in reading.diagnostics if one.position and one.position.file == path]
    if has_errors(mine):
        raise InvalidCatalog(mine)
    (checkout.root / path).parent.mkdir(parents=True, exist_ok=True)
    (checkout.root / path).write_bytes(text)
    return path


async def _do_now(here: Here, wish: Wish) -> int:
    from courier.cli.apply import applied

    async with here.wired() as wiring:
        await wiring.mirror.fetch()
        head = await wiring.mirror.head()
    await here.checkout.check_ready(head.branch, tip=head.commit)
    path = await _write(here, wish)
    await here.checkout.commit(path, message=f"Ask for run {wish.name}")
    await here.checkout.push(head.branch)
    return await applied(here)
