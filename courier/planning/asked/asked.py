"""What one Run asks for: its own document and every document it stands on, gathered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from courier.planning.asked.effective import Writer
from courier.planning.asked.given import Given, Missing, given_by, part, typed, writer_of
from courier.planning.asked.sessions import bound_contexts, each_once, session_of, session_writer
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.resources.persona import Persona
from courier.resources.project import Project
from courier.resources.run import Run, StepOverride
from courier.resources.values import StepType
from courier.resources.workflow import Step, Workflow

__all__ = ["Asked", "AskedStep", "Missing", "gather", "type_of", "variables"]


@dataclass(frozen=True, slots=True)
class AskedStep:
    """One step of the workflow.

    Attributes:
        step: The step; one nobody wrote where the workflow's type has default ones.
        writers: Who writes its values, persona before step.
        overrides: Who writes what the run does differently; at most one.
        persona: Who does it; None where the step says its type itself.
        override: What the run does differently.
        session: What the Project says of steps of its kind; None for nothing.
        given: What it is given, in order, each once.
    """

    step: Step
    writers: tuple[Writer, ...] = ()
    overrides: tuple[Writer, ...] = ()
    persona: Persona | None = None
    override: StepOverride | None = None
    session: Writer | None = None
    given: tuple[Given, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything one Run stands on.

    Attributes:
        project_writer: The Project as a writer of values; the other two likewise.
        steps: Those that will be done, in order.
        left_out: Those that will not, since their personas are not enabled.
        candidates: Who writes the values of each candidate's steps; empty where there are none.
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
    candidates: tuple[Writer, ...] = ()


def gather(catalog: Catalog, ref: Ref) -> Asked:
    """Return everything a Run stands on.

    Raises:
        Missing: If a document it needs is not there.
    """
    run = typed(catalog, ref, Run)
    project_ref = catalog.project_of(ref)
    if project_ref is None:
        raise Missing(f"Run/{ref.name} belongs to no Project.")
    workflow_ref = Ref("Workflow", run.spec.workflow)
    workflow = typed(catalog, workflow_ref, Workflow)
    above = (run, workflow, project_ref, ref)
    steps = tuple(_step(catalog, above, step, at) for at, step in enumerate(_written(workflow)))
    assets = [each.ref for step in steps for each in step.given]
    personas = [Ref("Persona", step.persona.metadata.name) for step in steps if step.persona]
    return Asked(
        run=run,
        workflow=workflow,
        project=typed(catalog, project_ref, Project),
        project_writer=writer_of(catalog, project_ref),
        workflow_writer=writer_of(catalog, workflow_ref),
        run_writer=writer_of(catalog, ref),
        steps=tuple(step for step in steps if _is_done(workflow, step)),
        left_out=tuple(step for step in steps if not _is_done(workflow, step)),
        refs=tuple(dict.fromkeys((project_ref, workflow_ref, *personas, *assets, ref))),
        templates={each.name: writer_of(catalog, each) for each in catalog.of_kind("Template")},
        candidates=tuple(_candidates(catalog, workflow_ref, workflow)),
    )


def _candidates(catalog: Catalog, ref: Ref, workflow: Workflow) -> Iterator[Writer]:
    told = workflow.spec.candidates
    if told is None:
        return
    for number in range(told.count or max(2, len(told.agents))):
        inside = ("agents", number % len(told.agents)) if told.agents else ()
        yield part(catalog, ref, "candidate", ("candidates", *inside))


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


def type_of(step: AskedStep) -> StepType:
    """Return what the step is for: its own type, or its persona's."""
    return _type_of(step.step, step.persona)


def _type_of(step: Step, persona: Persona | None) -> StepType:
    return (persona.spec.type if persona else step.type) or "custom"


def _step(
    catalog: Catalog, above: tuple[Run, Workflow, Ref, Ref], step: Step, at: int
) -> AskedStep:
    run, workflow, project, asking = above
    persona_ref = Ref("Persona", step.persona) if step.persona else None
    persona = typed(catalog, persona_ref, Persona) if persona_ref else None
    workflow_ref = Ref("Workflow", workflow.metadata.name)
    override = run.spec.overrides.get(step.name)
    place = ("overrides", step.name)
    writers = (
        *([writer_of(catalog, persona_ref)] if persona_ref else ()),
        *([part(catalog, workflow_ref, "step", ("steps", at))] if workflow.spec.steps else ()),
    )
    kind = session_of(catalog, asking, _type_of(step, persona))
    session = session_writer(catalog, project, kind) if kind else None
    givers = (*([session] if session else ()), writer_of(catalog, workflow_ref), *writers)
    bound = bound_contexts(catalog, project, kind) if kind else ()
    return AskedStep(
        step=step,
        writers=writers,
        overrides=(part(catalog, asking, "override", place),) if override else (),
        persona=persona,
        override=override,
        session=session,
        given=tuple(each_once([*bound, *given_by(catalog, givers)])),
    )


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
