"""Where each project of a repository stands: a plan told project by project."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.planning.made.names import cause_of
from courier.planning.plan import Action, Plan, StartRun, StartSandbox
from courier.runs.steps.retry import original


@dataclass(frozen=True, slots=True)
class Standing:
    """One project.

    Attributes:
        project: Its name.
        suspended: Whether nothing new is started.
        plan: What of the plan is about it.
    """

    project: str
    suspended: bool
    plan: Plan


def standings(catalog: Catalog, plan: Plan) -> tuple[Standing, ...]:
    """Return every project with its part of the plan, in alphabetical order."""
    names = [ref.name for ref in catalog.of_kind("Project")]
    parts = {names[0]: plan} if len(names) == 1 else _parted(catalog, plan, names)
    return tuple(Standing(name, _suspended(catalog, name), parts[name]) for name in names)


def _parted(catalog: Catalog, plan: Plan, names: Iterable[str]) -> Mapping[str, Plan]:
    actions: dict[str | None, list[Action]] = {}
    for action in plan.actions:
        actions.setdefault(_project(catalog, action), []).append(action)
    held = {each: _owner(catalog, Ref(each.kind, each.name)) for each in plan.held}
    settled = _settled(catalog, plan)
    return {
        name: plan.model_copy(
            update={
                "project": name,
                "actions": tuple(actions.get(name, ())),
                "held": tuple(each for each in plan.held if held[each] == name),
                "settled": settled[name],
            }
        )
        for name in names
    }


def _settled(catalog: Catalog, plan: Plan) -> Counter[str | None]:
    """Return project to its runs and sandboxes about which there is nothing to do or to say."""
    moving = {Ref("Run", action.run) for action in plan.actions}
    moving |= {Ref("Sandbox", action.run.removeprefix("sandbox/")) for action in plan.actions}
    moving |= {Ref(each.kind, each.name) for each in plan.held}
    asked = (ref for kind in ("Run", "Sandbox") for ref in catalog.of_kind(kind))
    return Counter(_owner(catalog, ref) for ref in asked if ref not in moving)


def _project(catalog: Catalog, action: Action) -> str | None:
    if isinstance(action, StartRun):
        return action.frozen.project
    if isinstance(action, StartSandbox):
        return action.sandbox.plan.project
    kind, _, name = action.run.rpartition("/")
    ref = Ref("Sandbox" if kind else "Run", name)
    return _owner(catalog, ref if ref in catalog.documents else cause_of(original(name)) or ref)


def _owner(catalog: Catalog, ref: Ref) -> str | None:
    found = catalog.project_of(ref)
    return found.name if found else None


def _suspended(catalog: Catalog, project: str) -> bool:
    return bool(catalog.documents[Ref("Project", project)].value["spec"].get("suspend"))
