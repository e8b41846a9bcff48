"""`courier learnings preview`."""

from typing import TYPE_CHECKING, get_args

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from courier.planning.documents.references import Ref
    from courier.runs.learnings.told import StepLearnings

_EXAMPLE = "courier learnings preview designer\ncourier learnings preview checker -o json"


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("step_type", metavar="STEPTYPE")
@click.option("--project", help="Of this Project; may be left out where there is only one.")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to show it."
)
@click.pass_obj
def preview(here: Here, step_type: str, project: str | None, output: str) -> None:
    """Show what a step would be told.

    The exact text that stands in the prompt of a step of that type, by the documents on disk and
    the project's pin. The same is part of every prompt that `courier plan -o wide` shows.
    """
    from courier.cli.views.ink import safe_lines
    from courier.cli.views.json_text import to_json

    found = here.run(_told(here, step_type, project))
    if output == "json":
        value = found.model_dump(mode="json", by_alias=True) if found else None
        here.console.show(to_json({"formatVersion": 1, "stepType": step_type, "learnings": value}))
    elif found is None or not found.text:
        here.console.show(f"Steps of type {step_type} are told no learnings.")
    else:
        here.console.show(safe_lines(found.text))
        here.console.tell(f"Version {found.version}, digest {found.digest[:12]}.")


async def _told(here: Here, step_type: str, project: str | None) -> "StepLearnings | None":
    from courier.cli.learnings.looking import catalog_here
    from courier.engine.learnings.versions import VersionShelf
    from courier.errors import Misused
    from courier.planning.catalog.learnings import in_force, pins
    from courier.resources.values import StepType

    roles = get_args(StepType)
    if step_type not in roles:
        raise Misused(
            f"There is no step type {step_type}.", next_step=f"One of {', '.join(roles)}."
        )
    catalog = await catalog_here(here)
    async with here.wired() as wiring:
        await wiring.mirror.fetch()
        await wiring.state.refresh()
        head = await wiring.mirror.head()
        observed = await VersionShelf(wiring.world).look(head, pins(catalog))
    named = _project(list(catalog.of_kind("Project")), project)
    found = in_force(catalog, observed, named)
    if isinstance(found, str):
        raise Misused("It cannot be said what steps are told.", detail=found)
    role: StepType = step_type  # type: ignore[assignment]  # looked up above
    return found.told(role, project=named.name)


def _project(every: "Sequence[Ref]", name: str | None) -> "Ref":
    from courier.errors import Misused

    found = [ref for ref in every if name in (None, ref.name)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(ref.name for ref in every) or "none"
    told = f"There is no Project {name}." if name else "There are several Projects, or none."
    raise Misused(told, next_step=f"Write --project with one of: {known}.")
