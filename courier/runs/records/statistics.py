"""Statistics: how runs of one sort did, folded from their records."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median
from typing import Any, Final, Literal

from courier.runs.texts.told import cost_of, moment_of

By = Literal["persona", "workflow", "agent", "model", "project"]
"""What runs of one group have in common."""

_OF_ATTEMPTS: Final = frozenset({"persona", "agent", "model"})
_OF_STEP: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("run", "persona", "agent", "model", "iteration", "startedAt", "endedAt")),
    "usage": dict.fromkeys(("costUsd", "pricedUsd")),
    "outcome": {"model": None},
}
_OF_RUN: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("run", "project", "workflow", "phase", "startedAt", "endedAt")),
    "usage": _OF_STEP["usage"],
    "score": {"composite": None},
    "pullRequest": dict.fromkeys(("number", "status", "mergeCommit")),
    "base": {"commit": None},
    "work": {"commit": None},
}
NOBODY: Final = "-"
"""The group of what has no persona, model or the like."""


@dataclass(slots=True)
class Tally:
    """How the runs of one group did; every figure says of how many it is.

    Attributes:
        runs: Runs that ended.
        completed: Of these, those that completed.
        failed: Those that failed; the rest was cancelled.
        proposed: Those with a pull request.
        merged: Of these, those that were merged.
        decided: Those that were merged or closed.
        scores: Composite scores, of 100.
        rounds: How often the work of each run was done.
        costs: US dollars of each run of which a cost is known: of a persona, agent or model only
            what its own attempts cost.
        merged_costs: Likewise, of merged runs.
        seconds: How long each took, from its start to its end; of a persona, agent or model how
            long its own attempts took.
        added: Lines that merged runs added, as far as that was looked at.
        left: Of these, those still there.
        looked_at: Merged runs of which that is known.
    """

    runs: int = 0
    completed: int = 0
    failed: int = 0
    proposed: int = 0
    merged: int = 0
    decided: int = 0
    scores: list[float] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    costs: list[Decimal] = field(default_factory=list)
    merged_costs: list[Decimal] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    added: int = 0
    left: int = 0
    looked_at: int = 0

    def add(self, record: Mapping[str, Any], share: "Share", survived: "Survived | None") -> None:
        """Count one run."""
        phase, status = record.get("phase"), _part(record, "pullRequest").get("status")
        self.runs += 1
        self.completed += phase == "completed"
        self.failed += phase == "failed"
        self.proposed += bool(_part(record, "pullRequest").get("number"))
        self.merged += status == "merged"
        self.decided += status in ("merged", "closed")
        score = _part(record, "score").get("composite")
        self.scores += [float(score)] if isinstance(score, int | float) else []
        self.rounds += [share.rounds] if share.rounds else []
        self.seconds += [share.seconds] if share.seconds is not None else []
        known = [share.cost] if share.cost is not None else []
        self.costs += known
        self.merged_costs += known if status == "merged" else []
        if survived is not None:
            self.added += survived.added
            self.left += survived.left
            self.looked_at += 1

    @property
    def success_rate(self) -> float | None:
        """Return the share of runs that completed, of those that completed or failed."""
        return _share(self.completed, self.completed + self.failed)

    @property
    def merge_rate(self) -> float | None:
        """Return the share of pull requests that were merged, of those decided."""
        return _share(self.merged, self.decided)

    @property
    def score(self) -> float | None:
        """Return the mean score."""
        return sum(self.scores) / len(self.scores) if self.scores else None

    @property
    def iterations(self) -> float | None:
        """Return how often work was done, on average."""
        return sum(self.rounds) / len(self.rounds) if self.rounds else None

    @property
    def cost_per_run(self) -> Decimal | None:
        """Return the mean cost of runs of which one is known."""
        return sum(self.costs, Decimal(0)) / len(self.costs) if self.costs else None

    @property
    def cost_per_merged(self) -> Decimal | None:
        """Return what all runs cost for each that was merged; None where none was."""
        return sum(self.costs, Decimal(0)) / self.merged if self.merged and self.costs else None

    @property
    def time(self) -> float | None:
        """Return the median of the seconds they took."""
        return median(self.seconds) if self.seconds else None

    @property
    def survival(self) -> float | None:
        """Return the share of merged lines that are still there; None where nobody looked."""
        return _share(self.left, self.added)


@dataclass(frozen=True, slots=True)
class Survived:
    """Lines that one merged run added, and how many of them are left."""

    added: int
    left: int


@dataclass(frozen=True, slots=True)
class Share:
    """What of one run counts for one group.

    Attributes:
        rounds: How often work was done.
        cost: US dollars; None where none is known.
        seconds: How long it took; None where that is not told.
    """

    rounds: int = 0
    cost: Decimal | None = None
    seconds: float | None = None


def tallies(
    records: Iterable[Mapping[str, Any]], *, by: By, survived: Mapping[str, Survived]
) -> Mapping[str, Tally]:
    """Return how the runs of each group did, by its name.

    Args:
        records: Of runs that ended; others are passed over.
        by: What those of a group have in common.
        survived: Run to what became of its lines, where that was looked at.
    """
    found: dict[str, Tally] = {}
    for record in records:
        if record.get("phase") not in ("completed", "failed", "cancelled"):
            continue
        for name, share in _shares(record, by):
            told = survived.get(str(record.get("run")))
            found.setdefault(name, Tally()).add(record, share, told)
    return {name: found[name] for name in sorted(found)}


def figures_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part of a record that statistics are made of, short and in the record's form."""
    told = record.get("steps")
    steps = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    judged = ({"verdict": True} if each.get("verdict") else {} for each in steps)
    kept = [_only(each, _OF_STEP) | verdict for each, verdict in zip(steps, judged, strict=True)]
    return _only(record, _OF_RUN) | {"steps": kept}


def _only(told: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return some fields of a mapping; where they are named themselves, some of what is inside."""
    found: dict[str, Any] = {}
    for name, inside in wanted.items():
        value = told.get(name)
        if inside and isinstance(value, dict):
            found |= {name: kept} if (kept := _only(value, inside)) else {}
        elif not inside and value is not None and not isinstance(value, dict | list):
            found[name] = value
    return found


def _shares(record: Mapping[str, Any], by: By) -> Iterator[tuple[str, Share]]:
    told = record.get("steps")
    rows = told if isinstance(told, list) else ()
    steps = [each for each in rows if isinstance(each, dict)]
    if by not in _OF_ATTEMPTS:
        yield (
            str(record.get(by) or NOBODY),
            Share(
                rounds_of(steps),
                cost_of(_part(record, "usage")),
                _length(record),
            ),
        )
        return
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for step in steps:
        groups.setdefault(_group_of(step, by), []).append(step)
    for name, some in groups.items():
        costs = [cost for each in some if (cost := cost_of(_part(each, "usage"))) is not None]
        # What a retry took over is told with the run that did it, and took no time of this one.
        own = [each for each in some if not each.get("run")]
        lengths = [length for each in own if (length := _length(each)) is not None]
        yield (
            name,
            Share(
                rounds_of(some),
                sum(costs, Decimal(0)) if costs else None,
                sum(lengths) if lengths else None,
            ),
        )


def _group_of(step: Mapping[str, Any], by: By) -> str:
    """Return whose attempt it was; of a model nobody chose, the one the agent told."""
    outcome = step.get("outcome")
    told = outcome.get(by) if by == "model" and isinstance(outcome, Mapping) else None
    return str(step.get(by) or told or NOBODY)


def rounds_of(steps: Iterable[Mapping[str, Any]]) -> int:
    """Return how often the step was done that was done most often, verdicts apart."""
    told = [each.get("iteration") for each in steps if not each.get("verdict")]
    return max((each for each in told if isinstance(each, int)), default=0)


def _part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name)
    return found if isinstance(found, Mapping) else {}


def _length(told: Mapping[str, Any]) -> float | None:
    started, ended = moment_of(told.get("startedAt")), moment_of(told.get("endedAt"))
    if started is None or ended is None:
        return None
    return max(0.0, (ended - started).total_seconds())


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
