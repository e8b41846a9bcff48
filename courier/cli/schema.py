"""`courier schema`: the JSON Schemas, shown, written or checked."""

from pathlib import Path

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = """\
courier schema workflow
courier schema --write schemas
courier schema --check schemas"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("kind", required=False)
@click.option("--write", metavar="DIR", help="Write every schema into a folder.")
@click.option("--check", metavar="DIR", help="Exit 1 if a folder's schemas are not these.")
@click.pass_obj
def schema(here: Here, kind: str | None, write: str | None, check: str | None) -> int:
    """Show, write or check the JSON Schemas.

    Without KIND, shows the schema that accepts any document. The schemas are made from the same
    models courier reads documents with.
    """
    from courier.resources.schema import schema_text, schemas

    texts = {name: schema_text(made) for name, made in schemas().items()}
    if write is not None:
        return _write(here, here.path(write), texts)
    if check is not None:
        return _check(here, here.path(check), texts)
    here.console.show(texts[_file_of(kind or "any", texts)])
    return 0


def _write(here: Here, folder: Path, texts: dict[str, str]) -> int:
    for name, text in texts.items():
        here.write(folder / name, text)
    here.console.tell(f"Wrote {len(texts)} schemas to {folder}.")
    return 0


def _check(here: Here, folder: Path, texts: dict[str, str]) -> int:
    found = {path.name: path.read_text() for path in sorted(folder.glob("*.json"))}
    wrong = [
        *(f"missing: {name}" for name in texts if name not in found),
        *(f"differs: {name}" for name in texts if name in found and found[name] != texts[name]),
        *(f"unknown: {name}" for name in found if name not in texts),
    ]
    for line in wrong:
        here.console.show(line)
    if wrong:
        here.console.tell(f"Next: courier schema --write {folder}")
        return 1
    here.console.tell(f"All {len(texts)} schemas in {folder} are these.")
    return 0


def _file_of(kind: str, texts: dict[str, str]) -> str:
    from difflib import get_close_matches

    from courier.errors import NotFound

    plain = {name.removesuffix(".json").replace("-", ""): name for name in texts}
    wanted = kind.replace("-", "").lower()
    if wanted in plain:
        return plain[wanted]
    close = get_close_matches(wanted, plain, n=1)
    hint = f"Did you mean `{plain[close[0]].removesuffix('.json')}`? " if close else ""
    raise NotFound(
        "There is no such kind.",
        detail=kind,
        next_step=f"{hint}The kinds are in docs/resources.md.",
    )
