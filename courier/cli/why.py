"""`courier why`: from a line to the run that wrote it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.engine.accounts.provenance import Reason

_EXAMPLE = """\
courier why src/slug.py:12
courier why src/slug.py:12-40
courier why src/slug.py:12 -o json"""

_PLACE = re.compile(r"(.+?):([0-9]{1,9})(?:-([0-9]{1,9}))?(?::[0-9]+)?")
_MOST = 500
"""Lines that are looked at at once."""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("place", metavar="FILE:LINE[-LINE]")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to show it."
)
@click.pass_obj
def why(here: Here, place: str, output: str) -> None:
    """Tell which run wrote a line, and why.

    Follows a line of the file on disk, wherever it was moved from, to its commit; from there, by
    the commit's trailers or by the pull request that was merged, to the run: who asked for it,
    which step, persona, agent and model wrote the line, with which prompt, what checkers said, and
    what it cost. Says so plainly where a person wrote it. Works in any clone, with nothing running.
    """
    from courier.cli.views import reasons

    path, first, last = _read(here, place)
    found, is_behind = here.run(_look(here, path, first, last))
    if is_behind:
        here.console.note("The remote does not answer; newer records may be missing.")
    if output == "json":
        here.console.show(reasons.json_of(path, found))
    else:
        here.console.show(reasons.text_of(path, found, here.console.ink))


def _read(here: Here, place: str) -> tuple[str, int, int]:
    from courier.errors import Misused

    found = _PLACE.fullmatch(place)
    first = int(found[2]) if found else 0
    last = int(found[3] or first) if found else 0
    if found is None or not 1 <= first <= last:
        raise Misused(
            "Name a file and a line.",
            detail=place,
            next_step="Such as `src/slug.py:12` or `:12-40`.",
        )
    if last - first >= _MOST:
        raise Misused(f"At most {_MOST} lines at once.", detail=place)
    return _inside(here, found[1]), first, last


def _inside(here: Here, name: str) -> str:
    from courier.errors import Misused

    root = here.checkout.root.resolve()
    path = Path(here.path(name))
    absolute = path.parent.resolve() / path.name
    if not absolute.is_relative_to(root):
        raise Misused("The file is not in this repository.", detail=str(absolute))
    return absolute.relative_to(root).as_posix()


async def _look(here: Here, path: str, first: int, last: int) -> "tuple[Sequence[Reason], bool]":
    from courier.cli.archive import archive
    from courier.engine.accounts.provenance import Provenance
    from courier.storage.annotations import GitAnnotations

    async with archive(here) as kept:
        annotations = GitAnnotations(here.checkout.git)
        provenance = Provenance(kept.state, kept.index, annotations)
        return await provenance.why(path, first, last), kept.is_behind
