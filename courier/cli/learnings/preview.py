"""`courier learnings preview`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from courier.planning.documents.references import Ref
    from courier.runs.learnings.told import StepLearnings

_EXAMPLE = """\
courier learnings preview designer
courier learnings preview designer --path 'services/shop/**'
courier learnings preview checker -o json"""


@dataclass(frozen=True, slots=True)
class _Asked:
    step_type: str
    project: str | None
    paths: tuple[str, ...]


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("step_type", metavar="STEPTYPE")
@click.option("--project", help="Of this Project; may be left out where there is only one.")
@click.option(
    "--path",
    "paths",
    metavar="GLOB",
    multiple=True,
    help="What the run is about; may be given again. Without it, what the Project says (`paths`).",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    help="How to show it.",
)
@click.pass_obj
def preview(
    here: Here, step_type: str, project: str | None, paths: tuple[str, ...], output: str
) -> None:
    """Show what a step would be told.

    The exact text that stands in the prompt of a step of that type, by the documents on disk and
    the project's pin, and what is approved and left out of it. The same is part of every prompt
    that `courier plan -o wide` shows.
    """
    from courier.cli.learnings.looking import machine_readable

    found = here.run(_told(here, _Asked(step_type, project, paths)))
    if output != "text":
        value = found.model_dump(mode="json", by_alias=True) if found else None
        here.console.show(machine_readable({"stepType": step_type, "learnings": value}, output))
    else:
        _show(here, step_type, found)


def _show(here: Here, step_type: str, found: "StepLearnings | None") -> None:
    from courier.cli.views.ink import safe, safe_lines
    from courier.cli.views.learned import untold

    if found is None:
        here.console.show("No learning is approved yet, so no step is told any.")
        return
    here.console.show(
        safe_lines(found.text) if found.text else f"Steps of type {step_type} are told none."
    )
    here.console.tell(f"Version {found.version}, digest {found.digest[:12]}.")
    for line in untold(found.model_dump(mode="json", by_alias=True)):
        here.console.tell(safe(f"Not told: {line}."))


async def _told(here: Here, asked: _Asked) -> "StepLearnings | None":
    from courier.cli.learnings.looking import catalog_here
    from courier.engine.learnings.versions import VersionShelf
    from courier.errors import Misconfigured, Misused
    from courier.planning.catalog.inforce import in_force
    from courier.planning.catalog.learnings import paths_of, pins
    from courier.resources.values import StepType

    roles = get_args(StepType)
    if asked.step_type not in roles:
        raise Misused(
            f"There is no step type {asked.step_type}.", next_step=f"One of {', '.join(roles)}."
        )
    catalog = await catalog_here(here)
    named = _project(list(catalog.of_kind("Project")), asked.project)
    async with here.wired() as wiring:
        await wiring.mirror.fetch()
        await wiring.state.refresh()
        head = await wiring.mirror.head()
        observed = await VersionShelf(wiring.world).look(head, pins(catalog))
    found = in_force(catalog, observed, named)
    if isinstance(found, str):
        raise Misconfigured("It cannot be said what steps are told.", detail=found)
    role: StepType = asked.step_type  # type: ignore[assignment]  # looked up above
    paths = asked.paths or paths_of(catalog, named)
    return found.told(role, project=named.name, paths=paths)


def _project(every: "Sequence[Ref]", name: str | None) -> "Ref":
    from courier.errors import Misused

    found = [ref for ref in every if name in (None, ref.name)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(ref.name for ref in every)
    if not every:
        raise Misused("There is no Project in .courier/.", next_step="Make one: `courier init`.")
    told = f"There is no Project {name}." if name else "There are several Projects."
    raise Misused(told, next_step=f"Write --project with one of: {known}.")
