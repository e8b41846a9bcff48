"""A record told in one line: all that lists of runs show and are chosen by."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from courier.planning.observed.observed import ObservedRun
from courier.planning.observed.record import read_record
from courier.runs.records.statistics import figures_of
from courier.runs.texts.told import moment_of

_LONGEST: Final = 300
_USAGE: Final = (
    "inputTokens",
    "outputTokens",
    "cacheReadTokens",
    "cacheWriteTokens",
    "costUsd",
    "pricedUsd",
    "unpriced",
)


@dataclass(frozen=True, slots=True)
class ListedRun:
    """One run as lists show it.

    Attributes:
        observed: What plans are decided from.
        place: The path of its record on the state branch.
        started_at: When it started; the day of its folder where the record does not say.
        ended_at: When it ended; None if it has not, or the record does not say.
        source: What asked for it.
        title: What it is about.
        message: Why it is where it is, in a sentence.
        agents: Whoever worked on it, each once.
        personas: As whom they did, each once.
        usage: What it used, as its record says it.
        merged_as: The commit its pull request was merged with; empty where there is none.
        figures: What statistics are made of; empty where it comes from an index, which is asked
            for figures by themselves.
    """

    observed: ObservedRun
    place: str
    started_at: datetime
    ended_at: datetime | None = None
    source: str = ""
    title: str = ""
    message: str = ""
    agents: tuple[str, ...] = ()
    personas: tuple[str, ...] = ()
    usage: Mapping[str, Any] = field(default_factory=dict)
    merged_as: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def account(self) -> Mapping[str, Any]:
        """Return the part of its record that lists show, as plain JSON values."""
        seen = self.observed
        pull = {"number": seen.number, "status": seen.pull_request}
        return {
            "run": seen.run,
            "project": seen.project,
            "workflow": seen.workflow,
            "source": self.source,
            "title": self.title,
            "phase": seen.phase,
            "reason": seen.reason,
            "message": self.message,
            "startedAt": self.started_at.isoformat(),
            "endedAt": self.ended_at.isoformat() if self.ended_at else None,
            "work": {"branch": seen.branch},
            "pullRequest": pull if seen.number else None,
            "ciChecks": {"overall": seen.checks} if seen.checks else None,
            "usage": self.usage,
        }


def read_listed(place: str, content: bytes) -> ListedRun:
    """Return what a record tells, however broken it is.

    Args:
        place: Its path on the state branch, ``runs/<yyyy>/<mm>/<dd>/<run>/run.json``.
        content: Its bytes.
    """
    run = place.split("/")[-2]
    seen = read_record(run, content)
    told = _plain(content)
    steps = [step for step in _items(told.get("steps")) if isinstance(step, dict)]
    usage = _mapping(told.get("usage"))
    return ListedRun(
        observed=seen,
        place=place,
        started_at=_moment(told.get("startedAt")) or _day(place),
        ended_at=_moment(told.get("endedAt")),
        source=_text(told.get("source")),
        title=_text(told.get("title")),
        message=_text(told.get("message")),
        agents=_each(step.get("agent") for step in steps),
        personas=_each(step.get("persona") for step in steps),
        usage={key: usage[key] for key in _USAGE if usage.get(key)},
        merged_as=_text(_mapping(told.get("pullRequest")).get("mergeCommit")),
        figures=figures_of(told),
    )


def _plain(content: bytes) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(content))
    except (ValueError, RecursionError):
        return {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


def _each(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str) and value))


def _moment(value: object) -> datetime | None:
    moment = moment_of(value)
    return moment.astimezone(UTC) if moment is not None else None


def _day(place: str) -> datetime:
    try:
        year, month, day = (int(part) for part in place.split("/")[1:4])
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)
