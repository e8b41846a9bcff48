"""Figures of learnings: how often each was told, and how runs went with it and without it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from courier.runs.records.statistics import rounds_of

_COUNTED = ("completed", "failed")
_OTHERS = ("scan", "answering", "learning")


@dataclass(frozen=True, slots=True)
class Tally:
    """Runs, and how they went.

    Attributes:
        passed: Those that completed with work that nobody rejected in the end.
        worked: Those of which it is known how often their work was done.
        rounds: How often that was, of all of these together.
    """

    runs: int = 0
    passed: int = 0
    worked: int = 0
    rounds: int = 0

    @property
    def rate(self) -> float | None:
        """Return the share that passed, from 0 to 1; None of no runs."""
        return self.passed / self.runs if self.runs else None

    @property
    def mean_rounds(self) -> float | None:
        """Return how often work was done on average; None where that is known of no run."""
        return self.rounds / self.worked if self.worked else None

    def plus(self, other: "Tally") -> "Tally":
        """Return the tally of the runs of both."""
        return Tally(
            self.runs + other.runs,
            self.passed + other.passed,
            self.worked + other.worked,
            self.rounds + other.rounds,
        )

    def without(self, other: "Tally") -> "Tally":
        """Return the tally of the other runs."""
        return self.plus(Tally(-other.runs, -other.passed, -other.worked, -other.rounds))


@dataclass(frozen=True, slots=True)
class Figures:
    """What is counted of some records.

    Attributes:
        whole: All runs that count.
        told: Runs that were told any learning.
        by_lesson: Runs that were told each, by its name.
        by_version: Runs by the version their steps were told; those without one under 0.
    """

    whole: Tally
    told: Tally
    by_lesson: Mapping[str, Tally]
    by_version: Mapping[int, Tally]


def figures(records: Iterable[Mapping[str, Any]]) -> Figures:
    """Return what is counted of runs that ended, sessions of courier's own left out.

    Args:
        records: Whole records as plain JSON values.
    """
    found = Figures(Tally(), Tally(), {}, {})
    for record in records:
        if record.get("phase") in _COUNTED and record.get("source") not in _OTHERS:
            found = _counted(found, record)
    return found


def _counted(found: Figures, record: Mapping[str, Any]) -> Figures:
    one = _one(record)
    told = [each for each in _told(record) if each.get("lessons")]
    names = {lesson["name"] for each in told for lesson in each["lessons"]}
    version = max((int(each["version"]) for each in _told(record)), default=0)
    return replace(
        found,
        whole=found.whole.plus(one),
        told=found.told.plus(one) if names else found.told,
        by_lesson={**found.by_lesson, **_more(found.by_lesson, names, one)},
        by_version={**found.by_version, **_more(found.by_version, {version}, one)},
    )


def _one(record: Mapping[str, Any]) -> Tally:
    """Return the tally of one run."""
    passed = record["phase"] == "completed" and record.get("reason") != "Rejected"
    rounds = rounds_of(step for step in record.get("steps") or () if isinstance(step, Mapping))
    return Tally(1, int(passed), int(rounds > 0), rounds)


def _more(known: Mapping[Any, Tally], keys: Iterable[Any], one: Tally) -> dict[Any, Tally]:
    return {key: known.get(key, Tally()).plus(one) for key in keys}


def _told(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for step in record.get("steps") or ():
        if isinstance(step.get("learnings"), dict):
            yield step["learnings"]
