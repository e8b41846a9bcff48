"""Rules within one document that a schema cannot say: unique names, steps that exist."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from courier.diagnostics import Diagnostic, Position
from courier.planning.documents.references import Pointer
from courier.planning.problems import error, quoted, suggestion

_DEFAULT_STEPS = {"designerChecker": ["design", "check"]}
"""Steps of types that have default ones, where none are written; the others have ``design``."""

Problem = tuple[Pointer, str, str, str]
"""Where, code, summary, detail."""


def problems_inside(
    value: Mapping[str, Any], locate: Callable[[Pointer], Position]
) -> Iterator[Diagnostic]:
    """Yield what is wrong inside a document that fits its schema."""
    find = _FINDERS.get(value["kind"])
    if find is not None:
        for pointer, code, summary, detail in find(value["spec"]):
            yield error(code, summary, detail, locate(pointer))


def _workflow(spec: Mapping[str, Any]) -> Iterator[Problem]:
    steps = spec.get("steps") or ()
    names = [step["name"] for step in steps]
    if len(set(names)) < len(names):
        yield from _repeated(steps, "steps", "name")
    for place, step in enumerate(steps):
        back = step["loop"].get("backTo") if step.get("loop") else None
        if back is not None and back not in names[:place]:
            at = ("spec", "steps", place, "loop", "backTo")
            hint = suggestion(back, names[:place])
            detail = f"A loop goes back to an earlier step; {quoted(back)} is none.{hint}"
            yield at, "UnknownStep", "Unknown step", detail
        if spec.get("type") == "personas" and "persona" not in step:
            detail = (
                "In a workflow of type personas every step names a `persona`; "
                f"{quoted(names[place])} names none. Name one, or use type pipeline."
            )
            yield ("spec", "steps", place), "PersonaMissing", "Step names no Persona", detail
    if "approvals" in spec:
        yield from _approvals(spec, names or _DEFAULT_STEPS.get(spec.get("type", ""), ["design"]))
    if "candidates" in spec:
        yield from _candidates(spec["candidates"], steps)


def _candidates(told: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    at = ("spec", "candidates")
    if not steps:
        detail = (
            "A judge chooses among candidates, and this workflow has none. Write its `steps`, with "
            "one of type judge after those the candidates do, and use type pipeline."
        )
        yield at, "JudgeMissing", "No judge for the candidates", detail
    agents, count = told.get("agents") or (), told.get("count")
    if count is not None and len(agents) > count:
        detail = (
            f"`agents` has {len(agents)} and `count` is {count}: those after the first {count} "
            "would never begin. Raise `count`, or leave it out."
        )
        yield (*at, "count"), "CandidatesLeftOut", "Fewer candidates than agents", detail
    yield from _loops_over_judge(steps)


def _loops_over_judge(steps: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    names = [step["name"] for step in steps]
    judge = next((at for at, step in enumerate(steps) if step.get("type") == "judge"), None)
    for place, step in enumerate(steps):
        back = (step.get("loop") or {}).get("backTo")
        if judge is not None and place > judge and back in names[:judge]:
            detail = (
                f"{quoted(back)} is done by the candidates, before {quoted(names[judge])} chooses; "
                f"a later step can go back to {quoted(names[judge])} or to what follows it."
            )
            at = ("spec", "steps", place, "loop", "backTo")
            yield at, "LoopOverJudge", "Loop back over the choice", detail


def _approvals(spec: Mapping[str, Any], names: Sequence[str]) -> Iterator[Problem]:
    approvals = spec["approvals"] or ()
    for place, approval in enumerate(approvals):
        side = "before" if "before" in approval else "after"
        known = (*names, "delivery") if side == "before" else tuple(names)
        step = approval[side]
        if step not in known:
            detail = f"The workflow has no step {quoted(step)}.{suggestion(step, known)}"
            yield ("spec", "approvals", place, side), "UnknownStep", "Unknown step", detail
    named = [(place, each) for place, each in enumerate(approvals) if "name" in each]
    first: dict[str, int] = {}
    for place, each in named:
        if first.setdefault(each["name"], place) != place:
            detail = f"{quoted(each['name'])} is the name of another approval too. Rename one."
            at: Pointer = ("spec", "approvals", place, "name")
            yield at, "NameTwice", "Name given twice", detail


def _answering_session(spec: Mapping[str, Any]) -> Iterator[Problem]:
    questions = spec["questions"]
    yield from _repeated(questions, "questions", "id")
    known = [question["id"] for question in questions]
    for place, answer in enumerate(spec.get("answers") or ()):
        asked = answer["question"]
        if asked not in known:
            at = ("spec", "answers", place, "question")
            detail = f"There is no question {quoted(asked)}.{suggestion(asked, known)}"
            yield at, "UnknownQuestion", "Unknown question", detail


def _sprint_plan(spec: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _repeated(spec["sprints"], "sprints", "name")


def _sprint_chain(spec: Mapping[str, Any]) -> Iterator[Problem]:
    if spec.get("base") == "merged" and spec.get("pullRequest") == "single":
        detail = (
            "With `base: merged` a sprint begins once the one before it is merged, so they cannot "
            "be proposed together. Write `pullRequest: perSprint`, or `base: stacked`."
        )
        yield ("spec", "pullRequest"), "NeverMerged", "Sprints that wait for each other", detail


def _work_chain(spec: Mapping[str, Any]) -> Iterator[Problem]:
    issues = spec["issues"]
    for place, issue in enumerate(issues):
        if issue in issues[:place]:
            first = issues.index(issue) + 1
            detail = f"{quoted(issue)} is already item {first} of `issues`. Remove one."
            yield ("spec", "issues", place), "NameTwice", "Name given twice", detail


def _scheduled(spec: Mapping[str, Any]) -> Iterator[Problem]:
    # Time zones take time to load, and most documents have no schedule.
    from courier.planning.documents.timing import problems_of_schedule

    yield from problems_of_schedule(spec)


def _repeated(items: Sequence[Mapping[str, Any]], field: str, key: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for place, item in enumerate(items):
        name = item[key]
        if first.setdefault(name, place) != place:
            detail = f"{quoted(name)} is already item {first[name] + 1} of `{field}`. Rename one."
            yield ("spec", field, place, key), "NameTwice", "Name given twice", detail


_FINDERS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Problem]]] = {
    "Workflow": _workflow,
    "AnsweringSession": _answering_session,
    "SprintPlan": _sprint_plan,
    "SprintChain": _sprint_chain,
    "WorkChain": _work_chain,
    "RecurringTask": _scheduled,
    "IssueScan": _scheduled,
}

RULED = frozenset(_FINDERS)
"""The kinds that have such rules."""
