"""Comparisons: what a change of the documents changes about what would be done."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from courier.diagnostics import Diagnostic
from courier.planning.documents.references import Ref
from courier.planning.plan import CancelRun, Held, Plan, StartRun
from courier.planning.sketch import Probe, Sketch
from courier.runs.run.frozen import FrozenValue


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One effective value that is another; None for not being there.

    Attributes:
        step: The step's name; empty for the run's own.
        path: Which value, below `spec` as in YAML.
        was: What it was, and where that was written.
        now: Likewise.
    """

    step: str
    path: str
    was: FrozenValue | None
    now: FrozenValue | None


@dataclass(frozen=True, slots=True)
class PromptChange:
    """One prompt that is another; empty for not being there.

    Attributes:
        step: The step's name.
        was: The prompt before.
        now: The prompt after.
    """

    step: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class ProbeChange:
    """A workflow or task whose runs would be other ones.

    Attributes:
        ref: Which.
        how: Whether it is new, gone or another.
        probe: What it is now; what it was where it is gone.
        values: Effective values that differ.
        prompts: Prompts that differ.
    """

    ref: Ref
    how: str
    probe: Probe
    values: tuple[ValueChange, ...] = ()
    prompts: tuple[PromptChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a change comes to.

    Attributes:
        after: What would be done with the changed documents; None where they have errors.
        starts: Runs that would start, and did not before; or not in this way.
        waiting: Runs that would start with and without the change.
        stops: Runs that would start without it and do not with it.
        cancels: Runs under way that would be stopped.
        held: Documents that would be held, and were not.
        changes: Workflows and tasks whose runs would be others.
        diagnostics: Problems of the changed documents that were not there before.
        known: How many problems were there before.
        has_errors: Whether the changed documents have errors, old or new.
    """

    after: Plan | None
    starts: tuple[StartRun, ...] = ()
    waiting: tuple[StartRun, ...] = ()
    stops: tuple[StartRun, ...] = ()
    cancels: tuple[CancelRun, ...] = ()
    held: tuple[Held, ...] = ()
    changes: tuple[ProbeChange, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    known: int = 0
    has_errors: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether the change changes nothing of what would be done."""
        acts = (self.starts, self.stops, self.cancels, self.held, self.changes)
        return not any(acts) and not self.has_errors


def compare(before: Sketch | None, after: Sketch) -> Comparison:
    """Return what is other after than before; with None before, everything is new."""
    was = {each.run: each for each in _starts(before.plan if before else None)}
    now = {each.run: each for each in _starts(after.plan)}
    fresh = [run for run in now if run not in was or _meant(was[run]) != _meant(now[run])]
    stopped = {each.run for each in _cancels(before.plan if before else None)}
    held = set(before.plan.held) if before else set()
    return Comparison(
        after=after.plan,
        starts=tuple(now[run] for run in fresh),
        waiting=tuple(each for run, each in now.items() if run not in fresh),
        stops=tuple(each for run, each in was.items() if run not in now),
        cancels=tuple(each for each in _cancels(after.plan) if each.run not in stopped),
        held=tuple(each for each in after.plan.held if _plain(each) not in map(_plain, held)),
        changes=tuple(_changes(before.probes if before else {}, after.probes)),
    )


def news(
    before: Iterable[Diagnostic], after: Iterable[Diagnostic]
) -> tuple[tuple[Diagnostic, ...], int]:
    """Return the problems that are new, and how many are not; lines may have moved."""
    known = {_mark(each) for each in before}
    found = list(after)
    fresh = tuple(each for each in found if _mark(each) not in known)
    return fresh, len(found) - len(fresh)


def _meant(start: StartRun) -> object:
    """Return what of a run matters to people: not where words stand, nor digests of all."""
    told = start.frozen.model_dump(mode="json", by_alias=True)
    return start.prompts, _without(told, {"origins", "inputs", "catalogDigest", "observedCommit"})


def _without(value: object, words: Set[str]) -> object:
    if isinstance(value, dict):
        return {key: _without(each, words) for key, each in value.items() if key not in words}
    if isinstance(value, list):
        return [_without(each, words) for each in value]
    return value


def _mark(found: Diagnostic) -> tuple[str, str, str]:
    return (found.code, found.detail, found.position.file if found.position else "")


def _plain(held: Held) -> tuple[str, str, str]:
    return held.kind, held.name, held.reason


def _starts(plan: Plan | None) -> Iterator[StartRun]:
    for action in plan.actions if plan is not None else ():
        if isinstance(action, StartRun):
            yield action


def _cancels(plan: Plan | None) -> Iterator[CancelRun]:
    for action in plan.actions if plan is not None else ():
        if isinstance(action, CancelRun):
            yield action


def _changes(before: Mapping[Ref, Probe], after: Mapping[Ref, Probe]) -> Iterator[ProbeChange]:
    for ref in sorted({*before, *after}):
        was, now = before.get(ref), after.get(ref)
        if now is None and was is not None:
            yield ProbeChange(ref, "gone", was)
        elif now is not None and was is None:
            yield ProbeChange(ref, "new", now, prompts=tuple(_prompts(None, now)))
        elif now is not None and was is not None:
            values, prompts = tuple(_values(was, now)), tuple(_prompts(was, now))
            if values or prompts or was.why_not != now.why_not:
                yield ProbeChange(ref, "changed", now, values, prompts)


def _values(was: Probe, now: Probe) -> Iterator[ValueChange]:
    for step in dict.fromkeys([*was.values, *now.values]):
        old, new = was.values.get(step, {}), now.values.get(step, {})
        for path in dict.fromkeys([*old, *new]):
            left, right = old.get(path), new.get(path)
            if _same(left, right):
                continue
            yield ValueChange(step, path, left, right)


def _same(left: FrozenValue | None, right: FrozenValue | None) -> bool:
    """Return whether two values are the same and come from the same document, whatever the line."""
    if left is None or right is None:
        return (left and left.value) == (right and right.value)
    return left.value == right.value and left.origin.split(":")[0] == right.origin.split(":")[0]


def _prompts(was: Probe | None, now: Probe) -> Iterator[PromptChange]:
    old = {each.step: each.text for each in was.prompts} if was is not None else {}
    new = {each.step: each.text for each in now.prompts}
    # Where no run can be done there are no prompts to be compared.
    if was is not None and not (was.prompts and now.prompts):
        return
    for step in dict.fromkeys([*old, *new]):
        if old.get(step, "") != new.get(step, ""):
            yield PromptChange(step, old.get(step, ""), new.get(step, ""))
