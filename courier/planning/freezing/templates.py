"""The machines that templates describe: what has to be run to prepare one, and for which agents."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from courier.planning.asked.asked import Missing
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.planning.freezing.installation import installation
from courier.resources.names import BUILTIN_NAMES
from courier.resources.template import Template
from courier.runs.run.frozen import FrozenPlan, FrozenSandbox, FrozenTemplate

_BUILT_IN: Final = BUILTIN_NAMES["Template"]


def prepared(catalog: Catalog, names: Iterable[str | None]) -> Mapping[str, FrozenTemplate]:
    """Return how those templates are prepared that a document describes, by name.

    Raises:
        Missing: If one is neither described nor built in.
    """
    refs = [Ref("Template", name) for name in names if name and name not in _BUILT_IN]
    return {ref.name: _frozen(catalog, ref) for ref in refs}


def machines(catalog: Catalog) -> Mapping[str, FrozenSandbox]:
    """Return the machine of every template a document describes, as it is without other wishes."""
    names = [ref.name for ref in catalog.of_kind("Template")]
    found = {}
    for name, template in prepared(catalog, names).items():
        spec = catalog.documents[Ref("Template", name)].value["spec"]
        found[name] = FrozenSandbox(
            template=name, prepared=template, cpu=spec.get("cpu"), memory_mb=spec.get("memoryMB")
        )
    return found


def with_template(machine: FrozenSandbox, templates: Mapping[str, FrozenTemplate]) -> FrozenSandbox:
    """Return the machine with what its template's document says."""
    return machine.model_copy(update={"prepared": templates.get(machine.template)})


def templates_of(machines: Iterable[FrozenSandbox | None]) -> tuple[str, ...]:
    """Return the names of the described templates these machines start from, each once."""
    found = (each.prepared.name for each in machines if each is not None and each.prepared)
    return tuple(dict.fromkeys(found))


def strangers(plan: FrozenPlan) -> Iterator[str]:
    """Yield a sentence for every step whose agent its template does not say to contain."""
    for step in plan.steps:
        template = (step.sandbox or plan.sandbox).prepared
        if template is None or not template.agents or step.agent in (*template.agents, "shell"):
            continue
        yield (
            f'Step "{step.name}" is done by {step.agent}, and Template "{template.name}" says to '
            f"contain {', '.join(template.agents)}; add it to `agents` there if it does."
        )


def _frozen(catalog: Catalog, ref: Ref) -> FrozenTemplate:
    if ref not in catalog.documents:
        raise Missing(f"Template/{ref.name} does not exist.")
    template = catalog.resource(ref)
    if not isinstance(template, Template):
        raise TypeError(f"the catalog holds something else under {ref.kind}/{ref.name}")
    spec = template.spec
    # What has an id exists already, with all that it is said to contain.
    installed = () if spec.id else tuple(installation(spec.agents))
    return FrozenTemplate(
        name=ref.name,
        start=spec.id or "base",
        dockerfile=spec.dockerfile,
        commands=(*spec.setup, *installed),
        agents=spec.agents,
        place=str(catalog.documents[ref].start),
    )
