"""What happened between two records of one run, as notices."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from courier.resources.notification import Event
from courier.runs.notices.notice import BudgetTold, Notice, PullRequestTold, RunTold, SprintTold
from courier.runs.texts.material import bounded
from courier.runs.texts.told import cost_of, moment_of
from courier.runs.usage.budget import FIELDS, RUN

_ENDS: Final[Mapping[str, Event]] = {"completed": "runCompleted", "failed": "runFailed"}
_PULLS: Final[Mapping[str, Event]] = {
    "created": "pullRequestCreated",
    "merged": "pullRequestMerged",
    "failed": "pullRequestFailed",
}
_LONGEST: Final = 1_500
_LINE: Final = 300


def happened(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], *, seen_at: datetime
) -> Iterator[Notice]:
    """Yield what became of a run from one record of it to the next.

    Asked again about the same two records, the notices have the same keys. A pull request that is
    merged already when it is first seen is told as merged only.

    Args:
        before: What the record said earlier; None where there was none.
        after: What it says now; as broken as it may be.
        seen_at: The moment, where a record tells none.
    """
    was = before or {}
    name = _text(after, "run")
    if not name:
        return
    yield from _phase(was, after, seen_at)
    yield from _pull_request(was, after, seen_at)


def _phase(was: Mapping[str, Any], now: Mapping[str, Any], seen_at: datetime) -> Iterator[Notice]:
    phase, reason = _text(now, "phase"), _text(now, "reason")
    told = (phase, reason, _text(now, "message"))
    if told == (_text(was, "phase"), _text(was, "reason"), _text(was, "message")):
        return
    run, message = _text(now, "run"), bounded(_text(now, "message"), _LONGEST)
    at = moment_of(now.get("endedAt")) or seen_at
    if phase in _ENDS and _text(was, "phase") not in _ENDS:
        told_of = _notice(now, _ENDS[phase], f"run/{run}/{phase}", at, message)
        yield told_of
        yield from _sprint(now, told_of)
    elif phase == "parked":
        mark = sha256("\0".join(told).encode()).hexdigest()[:12]
        yield _notice(now, "runParked", f"run/{run}/parked/{mark}", at, message)
    if reason == RUN and phase in ("parked", "failed"):
        budget = BudgetTold(
            field=FIELDS[RUN], period=run, spent_usd=cost_of(_mapping(now, "usage"))
        )
        yield _notice(now, "budgetReached", f"run/{run}/budget", at, message, about=budget)


def _sprint(record: Mapping[str, Any], ended: Notice) -> Iterator[Notice]:
    """Yield that a sprint is over, where the run did one."""
    chain = _mapping(record, "chain")
    if _text(chain, "kind") != "SprintChain":
        return
    sprint = SprintTold(
        chain=_text(chain, "name"), sprint=_text(chain, "part"), run=_text(record, "run")
    )
    event: Event = "sprintCompleted" if ended.event == "runCompleted" else "sprintFailed"
    told = {"event": event, "key": f"sprint/{ended.key}", "sprint": sprint}
    subject = f"Sprint {sprint.sprint} of {sprint.chain}"
    yield ended.model_copy(update={**told, "subject": subject})


def _pull_request(
    was: Mapping[str, Any], now: Mapping[str, Any], seen_at: datetime
) -> Iterator[Notice]:
    former, pull = _mapping(was, "pullRequest"), _mapping(now, "pullRequest")
    status = _text(pull, "status")
    if status not in _PULLS or (status, _number(pull)) == (
        _text(former, "status"),
        _number(former),
    ):
        return
    key = f"run/{_text(now, 'run')}/pull-request/{_number(pull)}/{status}"
    field = "createdAt" if status == "created" else "updatedAt"
    at = moment_of(pull.get(field)) or seen_at
    why = bounded(_text(pull, "reason"), _LONGEST) if status == "failed" else ""
    yield _notice(now, _PULLS[status], key, at, why)


def _notice(  # noqa: PLR0913 - a notice says so much
    record: Mapping[str, Any],
    event: Event,
    key: str,
    at: datetime,
    message: str,
    *,
    about: BudgetTold | None = None,
) -> Notice:
    name = _text(record, "run")
    is_budget = about is not None
    return Notice(
        event=event,
        key=key,
        at=at,
        project=_text(record, "project"),
        subject=f"The budget of run {name}" if is_budget else f"Run {name}",
        message=message,
        run=_run(record),
        pull_request=_told(record),
        budget=about,
    )


def _run(record: Mapping[str, Any]) -> RunTold:
    return RunTold(
        name=_text(record, "run"),
        workflow=_text(record, "workflow"),
        source=_text(record, "source"),
        title=_text(record, "title")[:_LINE],
        phase=_text(record, "phase"),
        reason=_text(record, "reason"),
        started_at=moment_of(record.get("startedAt")),
        ended_at=moment_of(record.get("endedAt")),
        score=_score(record),
        cost_usd=cost_of(_mapping(record, "usage")),
    )


def _told(record: Mapping[str, Any]) -> PullRequestTold | None:
    pull = _mapping(record, "pullRequest")
    if not _number(pull):
        return None
    return PullRequestTold(
        number=_number(pull),
        forge=_text(pull, "forge") or "local",
        status=_text(pull, "status"),
        title=_text(pull, "title")[:_LINE],
        branch=_text(pull, "branch"),
        base=_text(pull, "base"),
        url=_text(pull, "url") or None,
        decided_by=_text(pull, "decidedBy") or None,
    )


def _score(record: Mapping[str, Any]) -> float | None:
    composite = _mapping(record, "score").get("composite")
    return float(composite) if isinstance(composite, int | float) else None


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _number(pull: Mapping[str, Any]) -> int:
    found = pull.get("number")
    return found if isinstance(found, int) else 0
