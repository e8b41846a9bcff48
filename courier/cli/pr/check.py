"""`courier pr check`."""

from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb
from courier.runs.pullrequests.checks import CHECK_STATUSES

if TYPE_CHECKING:
    from courier.runs.pullrequests.checks import Check
    from courier.wiring import Wiring

_EXAMPLE = """\
courier pr check 1 --name tests --status pending
courier pr check 1 --name tests --status failure --log pytest.log
courier pr check courier/fix --name tests --status success --commit "$SHA" """


@click.command(cls=Verb, example=_EXAMPLE.rstrip())
@click.argument("target", metavar="NUMBER|BRANCH")
@click.option("--name", required=True, help="The check; the same name again replaces it.")
@click.option(
    "--status", type=click.Choice(CHECK_STATUSES), required=True, help="How it stands now."
)
@click.option("--commit", help="The commit it looked at; the branch's tip by default.")
@click.option("--log", type=click.Path(), metavar="FILE", help="What it wrote; - for stdin.")
@click.option("--url", help="Where people see what it did.")
@click.option("--required", is_flag=True, help="Say that nothing should be merged without it.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to answer.",
)
@click.pass_obj
def check(here: Here, /, target: str, **told: str | None) -> None:
    """Say how a check of one stands.

    For any CI where pull requests live in the repository itself: the result is kept on
    `courier/state`, and runs that wait for it go on. Of a log, the beginning and the end are kept.
    """
    import json

    from courier.runs.pullrequests.checks import Check

    result = Check.model_validate(
        {
            "name": told["name"],
            "status": told["status"],
            "url": told["url"],
            "required": True if told["required"] else None,
        }
    )

    async def tell() -> str:
        async with here.wired() as wiring:
            commit, kept = await _tell(here, wiring, (target, told["commit"], told["log"]), result)
        if told["output"] == "json":
            value = {"commit": commit, **kept.model_dump(mode="json", by_alias=True)}
            return json.dumps(value, indent=2, ensure_ascii=False)
        return f"{kept.name} of {commit[:10]} is {kept.status}."

    here.console.show(here.run(tell()))


async def _tell(
    here: Here, wiring: "Wiring", about: tuple[str, str | None, str | None], result: "Check"
) -> tuple[str, "Check"]:
    from courier.errors import NotFound
    from courier.forges.local import ReportedChecks

    target, wanted, log = about
    wrote = wiring.secrets.redact(here.text_of(log, what="log")) if log is not None else ""
    commit = await _head(wiring, target)
    if wanted is not None:
        found = await wiring.mirror.find_commit(wanted)
        if found is None:
            raise NotFound("There is no such commit.", detail=wanted, next_step="Push it first.")
        commit = found
    await wiring.state.refresh()
    reported = ReportedChecks(wiring.state, wiring.clock)
    return commit, await reported.tell(commit, result, log=wrote)


async def _head(wiring: "Wiring", target: str) -> str:
    from courier.errors import Misused

    plain = target.removeprefix("#")
    if plain.isascii() and plain.isdigit():
        return (await wiring.forges["local"].get(int(plain))).head
    if target.startswith("#") or not target:
        raise Misused(
            "This is neither a pull request's number nor a branch.",
            detail=target,
            next_step="See `courier pr list`.",
        )
    await wiring.mirror.fetch()
    return (await wiring.mirror.head(target)).commit
