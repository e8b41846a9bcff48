"""`courier validate`, where it is called with options of the program before it."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb
from courier.cli.verdict import Place, Streams, Wish, judge
from courier.settings import state_home

_EXAMPLE = """
courier validate
courier validate -o json | jq '.diagnostics[].code'
"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("path", default=".")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for programs.",
)
@click.option("--no-cache", is_flag=True, help="Trust nothing that was found before.")
@click.pass_context
def validate(ctx: click.Context, path: str, output: str, *, no_cache: bool) -> None:
    """Check every document of a working tree.

    Finds `.courier/` in PATH or above it and checks all documents, alone and together, as they
    are on disk. Each problem is told once, with its place and what to do. Exit code 0 means no
    error, 1 errors, 2 that there was nothing to check.
    """
    here = ctx.find_object(Here)
    if here is None:
        raise RuntimeError("the program was started without a place")
    color = here.console.choice
    place = Place(str(here.cwd), here.environment, str(state_home(here.environment)))
    wish = Wish(path, output, color, use_cache=not no_cache)
    ctx.exit(judge(wish, place, Streams(here.console.out, here.console.err)))
