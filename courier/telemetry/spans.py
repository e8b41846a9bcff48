"""The spans of one run, made from its facts and its journal's moments when it has ended.

Ids are digests of what a span is of, so that whoever makes them again makes the same. What people
or agents said is in none of them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from pydantic import ValidationError

from courier.ports.witness import EndedRun, Stage
from courier.runs.run.candidates import Entry, entries_of
from courier.runs.run.frozen import FrozenStep
from courier.runs.transcripts.transcript import Outcome
from courier.runs.usage.pricing import service_of

Value = str | int


@dataclass(frozen=True, slots=True)
class Span:
    """One span.

    Attributes:
        name: What sort of thing it is of; there are few of them.
        trace: The run's id, 128 bits.
        id: Its own, 64 bits.
        parent: That of the span it is part of; None for the run's.
        began: When what it is of began.
        ended: When that ended.
        attributes: By OpenTelemetry's names where it has some.
        fault: A word for what went wrong; empty if nothing did.
        calls_out: Whether it is of somebody else's work, such as an agent's.
    """

    name: str
    trace: int
    id: int
    parent: int | None
    began: datetime
    ended: datetime
    attributes: Mapping[str, Value] = field(default_factory=dict)
    fault: str = ""
    calls_out: bool = False


def spans_of(told: EndedRun) -> Iterator[Span]:
    """Yield the spans of a run, the run's own first."""
    plan, run = told.plan, told.run
    if run.started_at is None or run.ended_at is None:
        return
    root = _Root(told)
    yield root.span(
        ("courier.run", "", ""),
        (run.started_at, run.ended_at),
        {"courier.phase": run.phase, "courier.reason": run.reason},
        fault="" if run.phase == "completed" else run.reason,
    )
    stages = {stage.name: stage for stage in told.stages}
    for entry in entries_of(plan, run):
        if entry.ended.run is None:
            yield from _of_attempt(root, entry, stages)
    delivery = [one for one in told.stages if one.name.startswith("deliver") and "/" in one.name]
    if delivery:
        refused = run.delivered.refusal if run.delivered else None
        yield root.span(
            ("courier.deliver", "deliver", ""),
            (delivery[0].began, delivery[-1].ended),
            {},
            fault=refused.code if refused else delivery[-1].fault,
        )


class _Root:
    """Makes the spans of one run."""

    def __init__(self, told: EndedRun) -> None:
        plan = told.plan
        self._whose = f"{plan.project}\0{plan.run}\0{told.submitted_at.isoformat()}"
        self._known: dict[str, Value] = {
            "courier.run": plan.run,
            "courier.project": plan.project,
            "courier.workflow": plan.workflow,
        }

    def span(
        self,
        place: tuple[str, str, str],
        times: tuple[datetime, datetime],
        attributes: Mapping[str, Value],
        *,
        fault: str = "",
        calls_out: bool = False,
    ) -> Span:
        """Return a span.

        Args:
            place: Its name, what it is of, and what that is part of; empty words mean the run.
            times: When it began and ended.
            attributes: Besides those of the run.
            fault: What went wrong.
            calls_out: Whether it is of somebody else's work.
        """
        name, key, above = place
        return Span(
            name,
            trace=self._id("trace", 16),
            id=self._id(f"span\0{key}", 8),
            parent=self._id(f"span\0{above}", 8) if key else None,
            began=times[0],
            ended=max(times),
            attributes={**self._known, **attributes},
            fault=fault,
            calls_out=calls_out,
        )

    def _id(self, what: str, size: int) -> int:
        digest = sha256(f"{self._whose}\0{what}".encode()).digest()
        # No id may be zero.
        return int.from_bytes(digest[:size], "big") or 1


def _of_attempt(root: _Root, entry: Entry, stages: Mapping[str, Stage]) -> Iterator[Span]:
    step, tried = entry.step, entry.ended
    key = f"{entry.lane}{step.name}-{tried.iteration}.{tried.attempt}"
    attributes: dict[str, Value] = {
        "courier.step": f"{entry.lane}{step.name}",
        "courier.iteration": tried.iteration,
        "courier.attempt": tried.attempt,
        "courier.outcome": tried.outcome.status,
        "gen_ai.agent.name": step.agent,
    }
    fault = "" if tried.outcome.status == "completed" else tried.outcome.reason
    times = (tried.started_at, tried.ended_at)
    yield root.span(("courier.step", key, ""), times, attributes, fault=fault)
    if (opened := stages.get(f"{key}/sandbox")) is not None:
        place = ("courier.sandbox", opened.name, key)
        yield root.span(place, (opened.began, opened.ended), {}, fault=opened.fault)
    number = 1
    while (turn := stages.get(f"{key}/turn-{number}")) is not None:
        known, fault = _turn(step, turn)
        place = (f"invoke_agent {step.agent}", turn.name, key)
        times = (turn.began, turn.ended)
        yield root.span(place, times, known, fault=fault, calls_out=True)
        number += 1


def _turn(step: FrozenStep, turn: Stage) -> tuple[Mapping[str, Value], str]:
    """Return the attributes of one turn, and what went wrong with it."""
    known: dict[str, Value | None] = {
        "courier.step": step.name,
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": step.agent,
        "gen_ai.provider.name": service_of(step.agent, step.model),
        "gen_ai.request.model": step.model,
    }
    fault, outcome = turn.fault, _outcome(turn)
    if outcome is not None:
        used = outcome.usage
        cached = used.cache_read_tokens + used.cache_write_tokens
        fault = "" if outcome.status == "completed" else outcome.reason
        known |= {
            "gen_ai.response.model": outcome.model,
            "gen_ai.conversation.id": outcome.session,
            "gen_ai.usage.input_tokens": used.input_tokens + cached,
            "gen_ai.usage.output_tokens": used.output_tokens,
            "gen_ai.usage.cache_read.input_tokens": used.cache_read_tokens,
            "gen_ai.usage.cache_creation.input_tokens": used.cache_write_tokens,
        }
    return {name: value for name, value in known.items() if value is not None}, fault


def _outcome(turn: Stage) -> Outcome | None:
    told = turn.told
    try:
        return Outcome.model_validate_json(told if isinstance(told, str) else json.dumps(told))
    except ValidationError:
        return None
