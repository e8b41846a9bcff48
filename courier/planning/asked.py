"""What one Run asks for: its own document and every document it stands on, gathered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from courier.planning.catalog import Catalog
from courier.planning.effective import Writer
from courier.planning.references import Ref
from courier.resources.context import Context
from courier.resources.envelope import Resource
from courier.resources.persona import Persona
from courier.resources.project import Project
from courier.resources.run import Run, StepOverride
from courier.resources.workflow import Step, Workflow

_Kind = TypeVar("_Kind", bound=Resource)


class Missing(LookupError):
    """A document names another that does not exist; a valid catalog has none of these."""


@dataclass(frozen=True, slots=True)
class AskedStep:
    """One step of the workflow.

    Attributes:
        step: The step; one nobody wrote where the workflow's type has default ones.
        writers: Who writes its values, persona before step.
        overrides: Who writes what the run does differently; at most one.
        persona: Who does it; None where the step says its type itself.
        override: What the run does differently.
        contexts: What it is given to know, in order, each once.
    """

    step: Step
    writers: tuple[Writer, ...] = ()
    overrides: tuple[Writer, ...] = ()
    persona: Persona | None = None
    override: StepOverride | None = None
    contexts: tuple[Context, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything one Run stands on.

    Attributes:
        project_writer: The Project as a writer of values; the other two likewise.
        steps: Those that will be done, in order.
        left_out: Those that will not, since their personas are not enabled.
        refs: Every document used, in a stable order, each once.
        templates: Every Template there is, as a writer of values, by name.
    """

    run: Run
    workflow: Workflow
    project: Project
    project_writer: Writer
    workflow_writer: Writer
    run_writer: Writer
    steps: tuple[AskedStep, ...]
    left_out: tuple[AskedStep, ...]
    refs: tuple[Ref, ...]
    templates: Mapping[str, Writer] = field(default_factory=dict)


def gather(catalog: Catalog, ref: Ref) -> Asked:
    """Return everything a Run stands on.

    Raises:
        Missing: If a document it needs is not there.
    """
    run = _typed(catalog, ref, Run)
    project_ref = catalog.project_of(ref)
    if project_ref is None:
        raise Missing(f"Run/{ref.name} belongs to no Project.")
    workflow_ref = Ref("Workflow", run.spec.workflow)
    workflow = _typed(catalog, workflow_ref, Workflow)
    steps = tuple(
        _step(catalog, (run, workflow), step, at) for at, step in enumerate(_written(workflow))
    )
    contexts = [Ref("Context", each.metadata.name) for step in steps for each in step.contexts]
    personas = [Ref("Persona", step.persona.metadata.name) for step in steps if step.persona]
    return Asked(
        run=run,
        workflow=workflow,
        project=_typed(catalog, project_ref, Project),
        project_writer=_writer(catalog, project_ref),
        workflow_writer=_writer(catalog, workflow_ref),
        run_writer=_writer(catalog, ref),
        steps=tuple(step for step in steps if _is_done(workflow, step)),
        left_out=tuple(step for step in steps if not _is_done(workflow, step)),
        refs=tuple(dict.fromkeys((project_ref, workflow_ref, *personas, *contexts, ref))),
        templates={each.name: _writer(catalog, each) for each in catalog.of_kind("Template")},
    )


def _written(workflow: Workflow) -> tuple[Step, ...]:
    if workflow.spec.steps:
        return workflow.spec.steps
    design = Step(name="design", type="designer")
    check = Step(name="check", type="checker")
    return (design, check) if workflow.spec.type == "designerChecker" else (design,)


def _is_done(workflow: Workflow, step: AskedStep) -> bool:
    """Return whether a step is done; types with fixed roles can leave none of them out."""
    fixed = workflow.spec.type in ("single", "designerChecker")
    return fixed or step.persona is None or step.persona.spec.enabled


def _step(catalog: Catalog, above: tuple[Run, Workflow], step: Step, at: int) -> AskedStep:
    run, workflow = above
    persona_ref = Ref("Persona", step.persona) if step.persona else None
    persona = _typed(catalog, persona_ref, Persona) if persona_ref else None
    run_ref = Ref("Run", run.metadata.name)
    workflow_ref = Ref("Workflow", workflow.metadata.name)
    override = run.spec.overrides.get(step.name)
    names = dict.fromkeys(
        (*workflow.spec.context, *(persona.spec.context if persona else ()), *step.context)
    )
    return AskedStep(
        step=step,
        writers=(
            *([_writer(catalog, persona_ref)] if persona_ref else ()),
            *([_part(catalog, workflow_ref, "step", ("steps", at))] if workflow.spec.steps else ()),
        ),
        overrides=(_part(catalog, run_ref, "override", ("overrides", step.name)),)
        if override
        else (),
        persona=persona,
        override=override,
        contexts=tuple(_typed(catalog, Ref("Context", name), Context) for name in names),
    )


def _typed(catalog: Catalog, ref: Ref, model: type[_Kind]) -> _Kind:
    if ref not in catalog.documents:
        raise Missing(f"{ref.kind}/{ref.name} does not exist.")
    resource = catalog.resource(ref)
    if not isinstance(resource, model):
        raise TypeError(f"the catalog holds something else under {ref.kind}/{ref.name}")
    return resource


def _writer(catalog: Catalog, ref: Ref) -> Writer:
    return _part(catalog, ref, ref.kind, ())


def _part(catalog: Catalog, ref: Ref, kind: str, pointer: Sequence[str | int]) -> Writer:
    document = catalog.documents[ref]
    whole = ("spec", *pointer)

    def place(inside: Sequence[str | int]) -> str:
        return str(document.position(tuple(inside)))

    return Writer(kind, f"{ref.kind}/{ref.name}", _inside(document.value, whole), whole, place)


def _inside(told: object, pointer: Sequence[str | int]) -> Mapping[str, object]:
    for part in pointer:
        if isinstance(told, Mapping):
            told = told.get(part)
        elif isinstance(told, list | tuple) and isinstance(part, int):
            told = told[part]
    return told if isinstance(told, Mapping) else {}


def variables(asked: Asked, step: AskedStep) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield name, plain value and secret of every variable; a later one replaces an earlier."""
    given = (
        asked.project.spec.env,
        asked.workflow.spec.env,
        step.persona.spec.env if step.persona else (),
        step.step.env,
    )
    for variable in (each for some in given for each in some):
        yield variable.name, variable.value, variable.secret_ref
