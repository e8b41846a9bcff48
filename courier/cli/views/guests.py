"""Sandboxes people work in: as a table, in full, and as they happen."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, assert_never

from courier.cli.views.figures import age, clock, cost, moment, tokens, took
from courier.cli.views.ink import PLAIN, Ink, columns, safe, safe_lines
from courier.cli.views.transcript import rendered
from courier.engine.interactive.telling import Answered, Asked, Moment, Spoke, Turned

_TONES = {"running": "green", "paused": "yellow", "killed": "dim", "error": "red"}
_HIDDEN = frozenset({"usage", "session"})
_WIDEST = 60


def rows(accounts: Sequence[Mapping[str, Any]], now: datetime, *, wide: bool) -> list[list[str]]:
    """Return the rows of a table of sandboxes, its head first."""
    head = ["NAME", "AGENT", "STATE", "REASON", "MESSAGES", "PR", "COST", "AGE"]
    more = ["PROJECT", "MODEL", "RAN", "TOKENS", "BRANCH", "ID", "TITLE"] if wide else []
    return [[*head, *more], *(_row(told, now, wide=wide) for told in accounts)]


def _row(told: Mapping[str, Any], now: datetime, *, wide: bool) -> list[str]:
    usage, pull = told.get("usage") or {}, told.get("pullRequest") or {}
    began = moment(told.get("requestedAt"))
    reason = "Going" if (told.get("inFlight") or {}).get("going") else str(told.get("reason"))
    row = [
        str(told.get("sandbox")),
        str(told.get("agent")),
        "deleted" if told.get("deletedAt") else str(told.get("state")),
        reason,
        str(sum(one.get("role") == "user" for one in told.get("messages") or ())),
        f"#{pull['number']} {pull['status']}" if pull.get("number") else "-",
        cost(usage),
        age(began, now) if began else "-",
    ]
    if wide:
        title = str(told.get("title", ""))
        row += [
            str(told.get("project")),
            str(told.get("model") or "-"),
            took(float(usage.get("sandboxSeconds") or 0)),
            tokens(usage),
            str((told.get("work") or {}).get("branch") or "-"),
            str(told.get("id") or "-"),
            title if len(title) <= _WIDEST else f"{title[: _WIDEST - 1]}…",
        ]
    return row


def active(counts: Mapping[str, int]) -> str:
    """Return how many sandboxes each project has that are there."""
    told = ", ".join(f"{safe(name)} {count}" for name, count in sorted(counts.items()))
    return f"Active: {told or 'none'}."


def told(account: Mapping[str, Any], now: datetime, ink: Ink = PLAIN) -> str:
    """Return everything an account says, the conversation included."""
    fields = [(label, safe(text)) for label, text in _head(account, now) if text]
    blocks = ["\n".join(columns(fields))]
    blocks += [_entry(entry, ink) for entry in account.get("messages") or ()]
    going = [line for part in account.get("going") or () if (line := _part(part, ink))]
    if going:
        blocks.append("\n".join([ink.paint("When it went", "bold"), *going]))
    return "\n\n".join(blocks)


def _head(account: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    work, pull = account.get("work") or {}, account.get("pullRequest") or {}
    usage, base = account.get("usage") or {}, account.get("base") or {}
    yield "Sandbox", str(account.get("sandbox"))
    yield "Title", str(account.get("title") or "")
    yield "State", f"{account.get('state')} ({account.get('reason')})"
    yield "Message", str(account.get("message") or "")
    yield "By", str(account.get("by") or "")
    yield "Project", str(account.get("project"))
    yield (
        "Agent",
        " ".join(str(account[key]) for key in ("agent", "model", "effort") if account[key]),
    )
    yield "Machine", " ".join(str(account[key]) for key in ("template", "id") if account[key])
    for label, key in (
        ("Asked for", "requestedAt"),
        ("Ended", "endedAt"),
        ("Deleted", "deletedAt"),
    ):
        at = moment(account.get(key))
        yield label, f"{clock(at)} UTC ({age(at, now)} ago)" if at else ""
    yield "Base", f"{base.get('branch')} {str(base.get('commit'))[:10]}"
    commit = str(work.get("commit") or "")[:10]
    yield "Work", " ".join(part for part in (work.get("branch"), commit) if part)
    refusal = work.get("refusal") or {}
    yield "Refused", f"{refusal['code']}: {refusal['message']}" if refusal else ""
    yield "Pull request", f"#{pull['number']} {pull['status']}" if pull.get("number") else ""
    yield "Ran", took(float(usage.get("sandboxSeconds") or 0))
    yield "Tokens", tokens(usage)
    yield "Cost", cost(usage)


def _entry(entry: Mapping[str, Any], ink: Ink) -> str:
    is_user = entry.get("role") == "user"
    who = entry.get("by") or ("document" if is_user else entry.get("role"))
    status = str(entry.get("status"))
    tone = {"completed": "green", "error": "red"}.get(status, "yellow")
    head = f"{ink.paint(safe(str(who)), 'bold')}  {ink.paint(status, tone)}"
    why = [str(entry.get("message"))] if entry.get("message") else []
    body = [*safe_lines(str(entry.get("content") or "").strip()).splitlines(), *map(safe, why)]
    return "\n".join([head, *(f"  {line}" for line in body)])


def _part(part: Mapping[str, Any], ink: Ink) -> str:
    fault = part.get("fault")
    if fault:
        return f"  {ink.paint('✗', 'red')} {safe(str(part.get('part')))}: {safe(str(fault))}"
    return f"  {ink.paint('✓', 'green')} {safe(str(part.get('part')))}"


def lines(found: Moment, ink: Ink = PLAIN) -> list[str]:
    """Return what to print for something that happened."""
    match found:
        case Turned():
            return [_turned(found, ink)]
        case Asked():
            given = found.message.given
            text = safe_lines(given.content.strip()).splitlines() or [""]
            return [ink.paint(f"> {line}", "bold") for line in text]
        case Spoke():
            shown = "" if found.line.get("kind") in _HIDDEN else rendered(found.line, ink)
            return [shown] if shown else []
        case Answered():
            return [_answered(found, ink)]
        case _:
            assert_never(found)


def to_json(found: Moment) -> str:
    """Return something that happened as one line of JSON."""
    name = type(found).__name__
    event: dict[str, Any] = {"formatVersion": 1, "event": name[0].lower() + name[1:]}
    match found:
        case Turned():
            event |= asdict(found)
        case Spoke(line=line):
            event |= {"line": line}
        case Asked(message=message) | Answered(message=message):
            outcome = message.outcome
            event |= {
                "id": message.given.id,
                "content": message.given.content,
                "status": message.status,
                "answer": outcome.text if outcome else None,
                "reason": outcome.reason if outcome else None,
                "usage": message.usage.model_dump(mode="json", by_alias=True),
            }
        case _:
            assert_never(found)
    return json.dumps(event, default=str)


def _turned(found: Turned, ink: Ink) -> str:
    reason = f" ({found.reason})" if found.reason else ""
    message = f": {safe(found.message)}" if found.message else ""
    return ink.paint(f"— {found.state}{reason}{message}", _TONES.get(found.state, "dim"))


def _answered(found: Answered, ink: Ink) -> str:
    message, outcome = found.message, found.message.outcome
    assert outcome is not None  # noqa: S101 - what makes it answered
    seconds = outcome.usage.agent_seconds
    price = f", {outcome.usage.price}" if outcome.usage.price else ""
    if message.status == "completed":
        return ink.paint(f"✓ answered in {took(seconds)}{price}", "green")
    why = safe(outcome.message.strip().partition("\n")[0])
    return ink.paint(f"✗ {outcome.reason}: {why} ({took(seconds)}{price})", "red")
