"""`courier init`: a first `.courier/` to edit."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_NEXT = """\
Next:
  1. Edit {folder}/runs/first-run.yaml: write your prompt, remove `desiredState`.
  2. courier validate
  3. git add .courier && git commit -m "Say what agents should do" && git push
  4. courier plan, then courier apply"""


@click.command(cls=Verb, example="cd my-repository && courier init")
@click.argument("folder", default=".", metavar="[DIR]")
@click.pass_obj
def init(here: Here, folder: str) -> None:
    """Write a first .courier/ to edit.

    Writes a project, a workflow, a first run and the JSON Schema that lets editors complete and
    check them, into the repository around DIR. What exists already is kept as it is.
    """
    root = _repository(here.path(folder))
    console = here.console
    for path, text in _starter(root):
        is_new = not path.exists()
        if is_new:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        console.show(f"{'wrote' if is_new else 'kept '} {path.relative_to(root)}")
    if not (root / ".git").exists():
        console.note(f"{root} is not a git repository; run `git init` there.")
    console.tell(_NEXT.format(folder=".courier"))


def _repository(start: Path) -> Path:
    from courier.errors import NotFound
    from courier.storage.checkout import find_root

    try:
        return find_root(start)
    except NotFound:
        start.mkdir(parents=True, exist_ok=True)
        return start


def _starter(root: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield where each file goes and what it holds."""
    from courier.shipped import schema_text, shipped

    yield root / ".courier" / "schema.json", schema_text("any")
    source = Path(shipped("examples")) / "starter"
    name = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-")[:63].strip("-")
    for path in sorted(source.rglob("*.yaml")):
        text = path.read_bytes()
        if path.name == "project.yaml" and name:
            text = text.replace(b"name: my-project", f"name: {name}".encode())
        yield root / path.relative_to(source), text
