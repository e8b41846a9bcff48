"""`courier pr comment`."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = """\
courier pr comment 12 --key plan plan.md
courier pr comment github#12 --key deploy -"""

_KEY = r"[a-z][a-z0-9-]{0,39}"


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("target", metavar="NUMBER")
@click.argument("file", metavar="FILE")
@click.option(
    "--key", default="note", show_default=True, help="What it is for; the same again replaces it."
)
@click.pass_obj
def comment(here: Here, target: str, file: str, key: str) -> None:
    """Say something below one.

    FILE holds Markdown; - for stdin. What was said under the same key is replaced, so that there
    is one comment that is kept up to date.
    """
    import re

    from courier.cli.pr.numbers import found
    from courier.errors import Misused

    if not re.fullmatch(_KEY, key):
        raise Misused("A key is one word.", detail=key, next_step="Such as `plan`.")
    text = here.text_of(file)
    if not text.strip():
        raise Misused("There is nothing to say.", detail=file)

    async def say() -> int:
        async with here.wired() as wiring:
            forge, pull = await found(wiring, target)
            await forge.comment(pull.number, key, text)
            return pull.number

    here.console.show(f"Said below #{here.run(say())}.")
