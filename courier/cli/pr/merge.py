"""`courier pr merge`."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb


@click.command(cls=Verb, example="courier pr merge 1\ncourier pr merge 1 --squash")
@click.argument("number")
@click.option("--squash", is_flag=True, help="Make one commit of it.")
@click.pass_obj
def merge(here: Here, number: str, *, squash: bool) -> None:
    """Merge one into its base.

    As you: git's user.name and user.email say who that is. Where its base is checked out in the
    repository courier works on, the files there move along.
    """
    from courier.cli.pr.numbers import found

    async def decide() -> str:
        by = await here.checkout.identity()
        async with here.wired() as wiring:
            forge, pull = await found(wiring, number)
            pull = await forge.merge(pull.number, by=by, squash=squash)
        commit = (pull.merge_commit or "")[:10]
        return f"Merged #{pull.number} into {pull.base} as {commit}."

    here.console.show(here.run(decide()))
