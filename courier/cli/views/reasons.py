"""Why lines are there, for people and for programs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from courier.cli.views.figures import cost, moment, tokens, took
from courier.cli.views.ink import PLAIN, Ink, safe
from courier.engine.accounts.provenance import Reason
from courier.ports.annotations import Commit
from courier.runs.records.provenance import verdicts_on

_LABEL = 13
_MOST_LINES = 3
_FEEDBACK = 100
_HOW = {
    "trailers": "",
    "merge": "by the merge that brought it",
    "squash": "by the merge that squashed it",
    "nothing": "",
}


def text_of(path: str, found: Sequence[Reason], ink: Ink = PLAIN) -> str:
    """Return an account of each stretch of lines."""
    return "\n\n".join(_stretch(path, one, ink) for one in found)


def _stretch(path: str, one: Reason, ink: Ink) -> str:
    first, last = one.lines[0].number, one.lines[-1].number
    place = f"{path}:{first}" + (f"-{last}" if last > first else "")
    shown = [f"  {safe(line.text.expandtabs(4))}" for line in one.lines[:_MOST_LINES]]
    more = len(one.lines) - len(shown)
    rest = [ink.paint(f"  … {more} more lines", "dim")] if more else []
    rows = [
        f"{ink.paint(f'{label}:'.ljust(_LABEL), 'dim')} {safe(value)}"
        for label, value in _rows(one)
        if value
    ]
    head = [ink.paint(place, "bold"), *shown, *rest, "", ink.paint(_sentence(one), "cyan")]
    return "\n".join([*head, *rows])


def _sentence(one: Reason) -> str:
    many = len(one.lines) > 1
    if one.commit is None:
        return f"{'These lines are' if many else 'This line is'} not committed yet."
    what = "these lines" if many else "this line"
    if not one.run:
        return f"No run wrote {what}: commit {one.commit.id[:10]} by {safe(one.commit.author)}."
    attempt = one.attempt
    if attempt is None:
        return f"Run {safe(one.run)} wrote {what}."
    iteration = attempt.get("iteration", 1)
    again = f", iteration {iteration}" if iteration != 1 else ""
    persona = f", as {attempt['persona']}" if attempt.get("persona") else ""
    likely = "" if one.is_sure else " most likely"
    step = f"step {attempt.get('step')}{again}{persona}"
    return safe(f"Run {one.run} wrote {what}{likely} in {step}.")


def _rows(one: Reason) -> Iterator[tuple[str, str]]:
    if one.commit is None:
        return
    yield "Commit", _commit(one.commit)
    if one.carrier is not None:
        yield "Merged by", _commit(one.carrier)
    yield "Note", one.note
    record, attempt = one.record, one.attempt
    if record is None:
        return
    if attempt is not None:
        yield "Agent", _agent(attempt)
        yield "Prompt", _digest(attempt.get("promptDigest"))
        yield "Learnings", _learnings(attempt)
        yield "Verdicts", "; ".join(_verdict(each) for each in verdicts_on(record, attempt))
    yield "Score", _score(record, attempt)
    yield "Cost", _cost(record, attempt)
    yield "Task", str(record.get("title", ""))
    yield "Workflow", f"{record.get('workflow')} ({record.get('source')})"
    yield "Asked by", one.asked_by
    yield "Approved by", ", ".join(_approvals(record))
    yield "Pull request", _pull_request(record)
    yield "Inputs", ", ".join(_inputs(record))
    if _HOW[one.how]:
        yield "Known", _HOW[one.how]
    yield "More", f"courier describe run/{one.run}"


def _commit(commit: Commit) -> str:
    return f"{commit.id[:10]} {commit.at:%Y-%m-%d} {commit.author}: {commit.subject}"


def _agent(attempt: Mapping[str, Any]) -> str:
    told = [str(attempt[key]) for key in ("agent", "model") if attempt.get(key)]
    effort = [f"effort {attempt['effort']}"] if attempt.get("effort") else []
    started, ended = moment(attempt.get("startedAt")), moment(attempt.get("endedAt"))
    length = [took((ended - started).total_seconds())] if started and ended else []
    return ", ".join([" ".join(told), *effort, *length])


def _digest(value: object) -> str:
    return str(value)[:12] if value else ""


def _learnings(attempt: Mapping[str, Any]) -> str:
    told = attempt.get("learnings")
    if not isinstance(told, Mapping):
        return ""
    lessons = told.get("lessons") or ()
    names = ", ".join(str(each.get("name")) for each in lessons if isinstance(each, Mapping))
    return f"version {told.get('version')}" + (f": {names}" if names else "")


def _verdict(attempt: Mapping[str, Any]) -> str:
    verdict = attempt.get("verdict") or {}
    name = f"{attempt.get('step')} {attempt.get('iteration')}"
    if verdict.get("passed"):
        return f"{name} pass"
    said = " ".join(str(verdict.get("feedback", "")).split())
    return f"{name} fail: {said if len(said) <= _FEEDBACK else said[: _FEEDBACK - 1] + '…'}"


def _score(record: Mapping[str, Any], attempt: Mapping[str, Any] | None) -> str:
    parts = []
    for name, holder in (("this attempt", attempt or {}), ("the run", record)):
        score = holder.get("score")
        if isinstance(score, Mapping) and score.get("composite") is not None:
            parts.append(f"{score['composite']:g} of 100 {name}")
    return ", ".join(parts)


def _cost(record: Mapping[str, Any], attempt: Mapping[str, Any] | None) -> str:
    whole = record.get("usage") or {}
    run = f"{cost(whole)} the run ({tokens(whole)})"
    used = (attempt or {}).get("usage")
    return f"{cost(used)} this attempt, {run}" if isinstance(used, Mapping) else run


def _approvals(record: Mapping[str, Any]) -> Iterator[str]:
    for asked in record.get("approvals") or ():
        given = asked.get("answer") or {}
        if given.get("answer") == "approved":
            yield f"{given.get('by') or 'somebody'} ({asked.get('approval')})"


def _pull_request(record: Mapping[str, Any]) -> str:
    pull = record.get("pullRequest") or {}
    if not pull.get("number"):
        return ""
    by = f" by {pull['decidedBy']}" if pull.get("decidedBy") else ""
    url = f"  {pull['url']}" if pull.get("url") else ""
    return f"#{pull['number']} {pull.get('status')}{by}{url}"


def _inputs(record: Mapping[str, Any]) -> Iterator[str]:
    for one in record.get("inputs") or ():
        version = f"@{str(one['version'])[:10]}" if one.get("version") else ""
        yield f"{one.get('kind')}/{one.get('name')}{version} {_digest(one.get('digest'))}"


def json_of(path: str, found: Sequence[Reason]) -> str:
    """Return everything as JSON with a format version."""
    told = [_told(one) for one in found]
    return json.dumps({"formatVersion": 1, "file": path, "reasons": told}, indent=2)


def _told(one: Reason) -> dict[str, object]:
    record, attempt = one.record or {}, one.attempt
    keys = ("project", "workflow", "source", "title", "phase", "score", "usage", "pullRequest")
    run = {"name": one.run, **{key: record.get(key) for key in (*keys, "inputs", "approvals")}}
    judged = verdicts_on(record, attempt) if attempt is not None else ()
    return {
        "from": one.lines[0].number,
        "to": one.lines[-1].number,
        "text": [line.text for line in one.lines],
        "committed": one.commit is not None,
        "commit": _commit_value(one.commit),
        "carrier": _commit_value(one.carrier),
        "how": one.how,
        "run": run if one.run else None,
        "attempt": attempt,
        "sure": one.is_sure,
        "verdicts": [
            {"step": each.get("step"), "iteration": each.get("iteration"), **each["verdict"]}
            for each in judged
        ],
        "askedBy": one.asked_by,
        "note": one.note,
    }


def _commit_value(commit: Commit | None) -> dict[str, str] | None:
    if commit is None:
        return None
    return {
        "id": commit.id,
        "author": commit.author,
        "at": commit.at.isoformat(),
        "subject": commit.subject,
    }
