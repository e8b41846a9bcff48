"""`courier plan draft`: a goal turned into a sprint plan, as a pull request."""

from typing import TYPE_CHECKING, Any

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.planning.catalog.catalog import Catalog
    from courier.planning.observed.askeddraft import AskedDraft
    from courier.wiring import Wiring

_EXAMPLE = """\
courier plan draft "People can log in with a passkey"
courier plan draft "Faster reads" --background docs/reads.md --sprints 4"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("goal")
@click.option("--background", metavar="FILE", help="What the agent should know; any text file.")
@click.option(
    "--sprints",
    type=click.IntRange(1, 100),
    default=8,
    show_default=True,
    help="The most sprints there may be.",
)
@click.option("-w", "--workflow", default="", help="The workflow of its sprints.")
@click.option("--name", default="", help="What the plan is called; without it, after the goal.")
@click.option("--project", default="", help="The project it belongs to, where there are several.")
@click.option("--wait/--no-wait", default=True, help="See the run through, or only ask for it.")
@click.pass_obj
def draft(here: Here, /, goal: str, background: str | None, *, wait: bool, **told: Any) -> int:
    """Have a goal turned into a sprint plan.

    An agent of the project looks at the repository and cuts the goal into sprints; what it answers
    is proposed as `.courier/plans/NAME.yaml` in a pull request. Merging that starts nothing: a
    SprintChain that names the plan does. Who asked is kept on record with the goal.
    """
    from courier.cli.apply import applied

    known = here.text_of(background) if background is not None else ""
    asked = here.run(_ask(here, goal, known, told))
    here.console.tell(f"{asked} is asked for on record.")
    return here.run(applied(here, wait=wait))


async def _ask(here: Here, goal: str, background: str, told: dict[str, Any]) -> str:
    from courier.engine.requests.drafts import DraftRequest, Drafts
    from courier.planning.drafts.planner import run_of
    from courier.planning.observed.askeddraft import AskedDraft

    by = await here.checkout.identity()
    async with here.wired() as wiring:
        await wiring.state.refresh()
        taken = {each.name for each in await Drafts(wiring.state).look()}
        asked = AskedDraft(
            name=await _name(wiring, goal, told["name"], taken),
            goal=goal,
            background=background,
            sprints=told["sprints"],
            workflow=told["workflow"],
            project=told["project"],
            by=f"{by.name} <{by.email}>",
        )
        _check(asked, (await wiring.preview().tracked()).catalog)
        request = DraftRequest(asked, here.clock.now())
        await wiring.state.write([request.file], message=f"draft: {asked.name}")
    return run_of(asked.name)


async def _name(wiring: "Wiring", goal: str, wanted: str, taken: set[str]) -> str:
    """Return what a plan is called: as people want it, else after its goal.

    Raises:
        Conflict: If people want a name that is taken.
        Misused: If it is no name.
    """
    import re

    from courier.errors import Conflict, Misused
    from courier.resources.values import NAME, NAME_EXPECTS
    from courier.runs.harvest.words import name_from

    catalog = (await wiring.preview().tracked()).catalog
    known = taken | {ref.name for ref in catalog.of_kind("SprintPlan")}
    if not wanted:
        return name_from(goal, taken=known, otherwise="plan")
    if not re.fullmatch(NAME, wanted):
        raise Misused("This is no name.", detail=wanted, next_step=f"Write {NAME_EXPECTS}.")
    if wanted in known:
        raise Conflict(f"There is a plan {wanted}.", next_step="Choose another `--name`.")
    return wanted


def _check(asked: "AskedDraft", catalog: "Catalog") -> None:
    """Refuse what could not be done.

    Raises:
        Misused: If the goal is empty, or it is not said which of several projects is meant.
        NotFound: If there is no such workflow or project.
    """
    from courier.errors import Misused, NotFound
    from courier.planning.problems import suggestion

    if not asked.goal.strip():
        raise Misused("The goal is empty.", next_step="Say in a sentence what is to be true.")
    for kind, name in (("Workflow", asked.workflow), ("Project", asked.project)):
        known = [ref.name for ref in catalog.of_kind(kind)]
        if name and name not in known:
            hint = suggestion(name, known).strip()
            raise NotFound(f"There is no such {kind.lower()}.", detail=name, next_step=hint)
        if kind == "Project" and not name and len(known) != 1:
            raise Misused(
                f"There are {len(known)} projects.", next_step="Say which with `--project`."
            )
