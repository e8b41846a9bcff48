"""What steps ask of agents that cannot do it, where no document shows it by itself.

Agent and wish are then written in different documents, and only a run brings them together.
Whatever validation tells of a document is not told again.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from courier.planning.asked.effective import SHELL, shown
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.lacking import Wish, sentence, wishes
from courier.planning.documents.references import Pointer, Ref
from courier.resources.capabilities import (
    CAPABILITIES,
    Capabilities,
    Feature,
    described_capabilities,
)
from courier.runs.run.frozen import FrozenPlan, FrozenStep

_BUDGETS: Final[tuple[tuple[str, Pointer], ...]] = (
    ("Run", ("spec", "budget")),
    ("Workflow", ("spec", "budget")),
    ("Project", ("spec", "budgets", "perRun")),
)
"""Where a run's budget may be written; the first counts."""


class _Asked(NamedTuple):
    """A wish of one step, and where it is written, as `asked.effective.origin` says."""

    feature: Feature
    origins: tuple[str, ...]


def unfulfilled(plan: FrozenPlan, catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for every wish that the agent of a step cannot fulfil and no document shows.

    Args:
        plan: A run.
        catalog: What it was frozen from.
    """
    shows = _shown_by_documents(plan, catalog)
    for name, step in plan.every_step.items():
        if step.agent == SHELL:
            continue
        for feature, origins in _asked(plan, step, catalog):
            hidden = [each for each in origins if (_bare(each), step.agent, feature) not in shows]
            told = sentence(Wish((), step.agent, feature), _able(step)) if hidden else None
            if told is not None:
                yield f'Step "{name}": {told} It is written in {hidden[0]}.'
    if plan.images and all(step.agent == SHELL for step in plan.every_step.values()):
        yield "Nobody looks at its pictures (`images`): every step is done by the shell."


def _able(step: FrozenStep) -> Capabilities:
    if step.described is None:
        return CAPABILITIES[step.agent]
    told = step.described.model_dump(mode="json", by_alias=True, exclude_none=True)
    return described_capabilities(told)


def _shown_by_documents(plan: FrozenPlan, catalog: Catalog) -> set[tuple[str, str, str]]:
    """Return where, of which agent and what the documents of a run ask by themselves."""
    personas = {step.persona for step in plan.every_step.values() if step.persona}
    refs = (*_sources(plan).values(), *(Ref("Persona", name) for name in personas))
    return {
        (f"{ref} {shown(wish.pointer)}", wish.agent, wish.feature)
        for ref in refs
        for wish in wishes(catalog.documents[ref].value)
    }


def _sources(plan: FrozenPlan) -> dict[str, Ref]:
    named = {"Run": plan.run, "Workflow": plan.workflow, "Project": plan.project}
    return {kind: Ref(kind, name) for kind, name in named.items()}


def _asked(plan: FrozenPlan, step: FrozenStep, catalog: Catalog) -> Iterator[_Asked]:
    sources = _sources(plan)

    def place(kind: str, pointer: Pointer) -> str:
        at = catalog.documents[sources[kind]].position(pointer)
        return f"{sources[kind]} {shown(pointer)} ({at})"

    if step.model:
        yield _Asked("model", (step.origins["model"],))
    if step.effort:
        yield _Asked("effort", (step.origins["effort"],))
    if plan.guide:
        yield _Asked("instructions", (place("Project", ("spec", "guide")),))
    if plan.images:
        yield _Asked("images", (place("Run", ("spec", "images")),))
    for kind, pointer in _BUDGETS if plan.budget_usd else ():
        if _is_written(catalog.documents[sources[kind]].value, pointer):
            yield _Asked("cost", (place(kind, pointer),))
            break
    slashes = tuple(each for each in step.commands if each.prompt is not None)
    yield _Asked("skills", tuple(step.origins[f"skills.{each.name}"] for each in step.skills))
    yield _Asked("commands", tuple(step.origins[f"commands.{each.name}"] for each in slashes))


def _is_written(value: object, pointer: Pointer) -> bool:
    for step in pointer:
        value = value.get(step) if isinstance(value, dict) else None
    return value is not None


def _bare(origin: str) -> str:
    """Return an origin without its place in a file, and without a number in a list of names."""
    written = origin.partition(" (")[0]
    return written.rpartition("[")[0] if written.endswith("]") else written
