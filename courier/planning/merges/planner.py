"""Every Merge of a catalog at one look: each is done by one run, once."""

from functools import partial
from typing import Any, Final

from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import held, spec_digest
from courier.planning.freezing.tips import tip
from courier.planning.made.making import Found, Made, Sight, start_made
from courier.planning.made.names import made_run
from courier.planning.wanted import kept
from courier.resources.envelope import API_VERSION
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.merging import FrozenBranch, FrozenMerge, Strategy

KIND: Final = "Merge"
WORKFLOW: Final = "merging"
"""What the workflow of such runs is called, which nobody wrote."""

_STEP: Final = "merge"
_CHECK: Final = "check"
_SPOKEN: Final[dict[str, str]] = {
    "merge": "The history of both is joined.",
    "squash": "Each branch becomes one commit.",
    "rebase": "The commits of each branch are put onto it one by one.",
}


def plan_merges(sight: Sight) -> Found:
    """Return what is to be done about every Merge."""
    catalog, observed = sight.catalog, sight.observed
    found, wanted = Found(), list[Made]()
    for ref in catalog.of_kind(KIND):
        document = catalog.documents[ref]
        run = made_run(ref)
        if run in observed.in_flight:
            found.owned.add(run)
        elif (record := observed.records.runs.get(run)) is not None:
            digest = spec_digest(_run_spec(sight, document))
            if why := kept(record, digest=digest, cancelled=False):
                found.held.append(held(catalog, ref, *why))
        elif missing := lacking(sight, document):
            found.held.append(held(catalog, ref, "Blocked", missing))
        else:
            wanted.append(merging(sight, document))
    found.take(start_made(sight, wanted).values())
    return found


def target_of(sight: Sight, document: Document) -> str:
    """Return the branch that a Merge's branches go into."""
    told = document.value["spec"].get("target")
    if told:
        return str(told)
    ref = sight.catalog.project_of(document.ref)
    spec = sight.catalog.documents[ref].value["spec"] if ref is not None else {}
    default = (spec.get("repository") or {}).get("defaultBranch")
    return str(default or sight.observed.branch)


def lacking(sight: Sight, document: Document) -> str:
    """Return what is not there, in a sentence; empty if all is."""
    branches = document.value["spec"]["branches"]
    gone = [branch for branch in branches if tip(sight.observed, branch) is None]
    if not gone:
        return ""
    names = ", ".join(f'"{branch}"' for branch in gone)
    return (
        f"Nothing to merge is at {names}: the repository has no such branch. Push it, or take it "
        "out of `branches`."
    )


def merging(sight: Sight, document: Document) -> Made:
    """Return the run that does a Merge whose branches are all there."""
    branches = tuple(
        FrozenBranch(branch=branch, commit=tip(sight.observed, branch) or "")
        for branch in document.value["spec"]["branches"]
    )
    return Made(
        made_run(document.ref),
        document,
        "merge",
        spec=_run_spec(sight, document),
        reason="its branches are there",
        suit=partial(_suited, document, branches),
        stands_on=(_workflow(document),),
        session="merging",
    )


def _run_spec(sight: Sight, document: Document) -> dict[str, Any]:
    target = target_of(sight, document)
    # The whole of the spec is in the prompt, so that another spec is another run.
    return {"workflow": WORKFLOW, "prompt": _told(document, target), "base": target}


def _told(document: Document, target: str) -> str:
    told = document.value["spec"]
    strategy = told.get("strategy", "merge")
    lines = [
        f"Merge {', '.join(told['branches'])} into {target}",
        "",
        f"The branches are brought in one after the other. {_SPOKEN[strategy]}",
    ]
    if told.get("instructions"):
        lines += ["", str(told["instructions"]).strip()]
    if told.get("check"):
        lines += ["", "When all are in, this must pass:", "", str(told["check"]).strip()]
    # Braces of others are no inputs.
    return "\n".join(lines).replace("{{", "{ {")


def _suited(
    document: Document, branches: tuple[FrozenBranch, ...], frozen: FrozenPlan
) -> FrozenPlan:
    told = document.value["spec"]
    strategy: Strategy = told.get("strategy", "merge")
    merge = FrozenMerge(branches=branches, strategy=strategy)
    inputs = tuple(each for each in frozen.inputs if each.kind != "Workflow")
    return frozen.model_copy(update={"merge": merge, "inputs": inputs})


def _workflow(document: Document) -> Document:
    """Return the workflow of a Merge: an agent for conflicts, and its check, if it has one."""
    steps: list[dict[str, Any]] = [{"name": _STEP, "type": "merger"}]
    if check := document.value["spec"].get("check"):
        steps.append({"name": _CHECK, "type": "checker", "run": check})
    value = {
        "apiVersion": API_VERSION,
        "kind": "Workflow",
        "metadata": {"name": WORKFLOW},
        "spec": {"type": "pipeline", "steps": steps},
    }
    return Document(Ref("Workflow", WORKFLOW), value, document.draft)
