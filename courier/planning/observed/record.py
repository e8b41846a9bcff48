"""Reading the committed record of a run back, whoever wrote it and when."""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from courier.planning.observed.history import Sample
from courier.planning.observed.observed import ObservedRun
from courier.runs.run.events import ENDED
from courier.runs.texts.told import moment_of

_PHASES = frozenset({"pending", "running", "parked"}) | ENDED

_TOKENS = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")


def read_record(run: str, content: bytes) -> ObservedRun:
    """Return what a record tells; one that cannot be understood has phase ``unreadable``.

    Fields of newer versions are passed over, fields older versions lack are taken as not said.
    A broken record still stands for its run, so that the run is never done a second time.

    Args:
        run: The run's name, which is the name of the record's folder.
        content: The bytes of its ``run.json``.
    """
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return _unreadable(run, "it is not JSON")
    if not isinstance(told, dict):
        return _unreadable(run, "it is not a JSON object")
    if told.get("run", run) != run:
        return _unreadable(run, "it names another run than its folder")
    phase = _text(told.get("phase"))
    if phase is None or phase not in _PHASES:
        return _unreadable(
            run, f"its phase is not known to this version (recordVersion {_version(told)})"
        )
    pull_request, work = _mapping(told.get("pullRequest")), _mapping(told.get("work"))
    checks = _mapping(told.get("ciChecks"))
    after = _mapping(checks.get("afterMerge"))
    return ObservedRun(
        run=run,
        phase=phase,
        reason=_text(told.get("reason")) or "",
        project=_text(told.get("project")) or "",
        workflow=_text(told.get("workflow")) or "",
        spec_digest=_text(told.get("specDigest")),
        pull_request=_text(pull_request.get("status")),
        number=_number(pull_request.get("number")),
        sample=_sample(run, told) if phase == "completed" else None,
        branch=_text(work.get("branch")),
        commit=_text(work.get("commit")),
        base=_text(_mapping(told.get("base")).get("branch")),
        ended_at=moment_of(told.get("endedAt")),
        forge=_text(pull_request.get("forge")) or "local",
        checks=_text(checks.get("overall")) or "",
        awaits_merge_checks=bool(after) and after.get("settled") is not True,
    )


def _unreadable(run: str, why: str) -> ObservedRun:
    return ObservedRun(run=run, phase="unreadable", reason=why)


def _sample(run: str, told: Mapping[str, object]) -> Sample | None:
    started, ended = moment_of(told.get("startedAt")), moment_of(told.get("endedAt"))
    if started is None or ended is None:
        return None
    usage = _mapping(told.get("usage"))
    return Sample(
        run=run,
        ended_at=ended,
        seconds=max(0.0, (ended - started).total_seconds()),
        tokens=sum(_number(usage.get(field)) or 0 for field in _TOKENS),
        cost_usd=_cost(usage),
    )


def _version(told: Mapping[str, object]) -> str:
    return str(_number(told.get("recordVersion")) or "unknown")


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _decimal(value: object) -> Decimal | None:
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _cost(usage: Mapping[str, object]) -> Decimal | None:
    known = [_decimal(usage.get(each)) for each in ("costUsd", "pricedUsd")]
    found = [each for each in known if each is not None]
    return sum(found, Decimal(0)) if found else None
