"""Sketches: a plan, and what any run of each workflow and task would be told, to be compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from courier.planning.asked.asked import Missing
from courier.planning.asked.explanation import explain
from courier.planning.budgets.estimate import estimate
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import freeze
from courier.planning.observed.observed import Observed
from courier.planning.plan import Estimate, Held, Plan, PlannedPrompt
from courier.planning.planner import Pass, plan_pass
from courier.planning.recurring.task import task_of
from courier.planning.starting import prompts_of
from courier.runs.run.frozen import FrozenValue

TASK: Final = "(the task of a run)"
"""What a run of a workflow is asked where no document says it."""

_LABEL: Final = "preview"
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Probe:
    """What a run of one workflow, or of one recurring task, would be.

    Attributes:
        ref: The workflow or task.
        values: Every effective value with its origin, by step; the run's own under ``""``.
        prompts: What each step would be told.
        why_not: Why no run of it can be done; empty where one can.
        band: What runs of its workflow took.
    """

    ref: Ref
    values: Mapping[str, Mapping[str, FrozenValue]] = field(default_factory=dict)
    prompts: tuple[PlannedPrompt, ...] = ()
    why_not: str = ""
    band: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Sketch:
    """What documents come to.

    Attributes:
        plan: What would be done.
        probes: By workflow and task.
    """

    plan: Plan
    probes: Mapping[Ref, Probe]


def sketch(catalog: Catalog, observed: Observed, by: Pass) -> Sketch:
    """Return what the documents of a catalog come to, for a world as it is observed."""
    found = (_probe(catalog, observed, by, ref, spec) for ref, spec in _asked(catalog))
    return Sketch(plan_pass(catalog, observed, by), {one.ref: one for one in found})


def _asked(catalog: Catalog) -> Iterator[tuple[Ref, Mapping[str, Any]]]:
    """Yield workflows and tasks, and what a run of each is asked; only so many."""
    workflows = list(catalog.of_kind("Workflow"))[:_MOST]
    yield from ((ref, {"workflow": ref.name, "prompt": TASK}) for ref in workflows)
    tasks = list(catalog.of_kind("RecurringTask"))[:_MOST]
    yield from ((ref, task_of(catalog, ref).run_spec) for ref in tasks)


def _probe(
    catalog: Catalog, observed: Observed, by: Pass, ref: Ref, spec: Mapping[str, Any]
) -> Probe:
    run = Ref("Run", f"{ref.name}.{_LABEL}")
    cause = catalog.documents[ref]
    metadata = {**cause.value["metadata"], "name": _LABEL}
    value = {**cause.value, "kind": "Run", "metadata": metadata, "spec": dict(spec)}
    with_run = catalog.with_documents([Document(run, value, cause.draft)])
    try:
        values = explain(with_run, run)
    except Missing as missing:
        return Probe(ref, why_not=str(missing))
    frozen = freeze(with_run, run, observed=observed, drivers=by.drivers, library=by.library)
    if isinstance(frozen, Held):
        return Probe(ref, values, why_not=frozen.message)
    history = observed.records.history.get(frozen.workflow, ())
    return Probe(ref, values, prompts_of(frozen), band=estimate(history))
