"""Recurring tasks: as a table, in full, and in a plan."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from courier.cli.views.figures import moment
from courier.cli.views.ink import PLAIN, Ink, columns, safe
from courier.planning.observed.diary import ref_of
from courier.planning.plan import Plan, PlannedTask
from courier.planning.recurring.account import said

_SHOWN = 6
"""So many tasks a plan lists, the soonest first; `courier get recurring` lists all."""


def rows(accounts: Sequence[Mapping[str, Any]], *, wide: bool) -> list[list[str]]:
    """Return the rows of a table of recurring tasks, its head first."""
    head = ["NAME", "SCHEDULE", "STATE", "LAST", "OUTCOME", "NEXT", "ZONE"]
    more = ["PROJECT", "WORKFLOW", "LAST RUN", "FAILURES", "WAITING", "AFTER THAT"] if wide else []
    return [[*head, *more], *(_row(told, wide=wide) for told in accounts)]


def _row(told: Mapping[str, Any], *, wide: bool) -> list[str]:
    last, upcoming = told.get("last") or {}, told.get("next") or []
    zone = str(told["timezone"])
    row = [
        str(told["task"]),
        said(told["schedule"]),
        str(told["reason"] or told["state"]),
        _local(last.get("at"), zone),
        _outcome(last) if last else "-",
        _local(upcoming[0]["at"], zone) if upcoming else "-",
        zone,
    ]
    if wide:
        row += [
            str(told["project"]) or "-",
            str(told["workflow"]),
            str(last.get("run") or "-"),
            str(told["failures"]),
            str(len(told["waiting"])),
            ", ".join(_local(each["at"], zone) for each in upcoming[1:3]) or "-",
        ]
    return row


def told(account: Mapping[str, Any], ink: Ink = PLAIN) -> str:
    """Return everything an account says."""
    fields = [(f"{label}:", safe(text)) for label, text in _head(account) if text]
    blocks = ["\n".join(columns(fields))]
    blocks += _block("Next runs", _upcoming(account), ink)
    entries = [*reversed(account["underWay"]), *account["recent"]]
    blocks += _block("What came", [_entry(each, account["timezone"]) for each in entries], ink)
    return "\n\n".join(blocks)


def _head(account: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    jitter = account["jitterSeconds"]
    yield str(account["kind"]), str(account["task"]).rpartition("/")[2]
    yield "Project", str(account["project"])
    yield "Workflow", str(account["workflow"])
    yield "Schedule", f"{said(account['schedule'])} {account['timezone']}"
    yield "Jitter", f"starts {jitter} s later" if jitter else ""
    yield "State", str(account["state"])
    since = _local(account["restsSince"], account["timezone"])
    yield "Rests", f"{account['reason']} since {since}" if account["restsSince"] else ""
    yield "Why", str(account["message"])
    yield "Failures", f"{account['failures']} in a row" if account["failures"] else ""
    waiting = [_local(at, account["timezone"]) for at in account["waiting"]]
    yield "Waiting", ", ".join(waiting)
    yield "Document", str(account["document"])


def _block(title: str, lines: Sequence[Sequence[str]], ink: Ink) -> Iterator[str]:
    if lines:
        body = columns([[safe(cell) for cell in line] for line in lines])
        yield "\n".join([ink.paint(title, "bold"), *(f"  {line}" for line in body)])


def _upcoming(account: Mapping[str, Any]) -> list[tuple[str, str]]:
    zone = account["timezone"]
    return [(f"{_local(each['at'], zone)} {zone}", each["run"]) for each in account["next"]]


def _entry(entry: Mapping[str, Any], zone: str) -> tuple[str, str, str]:
    by = f" by {entry['by']}" if entry["by"] else ""
    several = f" to {_local(entry['last'], zone)}" if entry["last"] and entry["count"] > 1 else ""
    return _local(entry["at"], zone) + several, _outcome(entry) + by, str(entry["run"] or "")


def _outcome(entry: Mapping[str, Any]) -> str:
    if entry["how"] == "started":
        return str(entry["phase"] or "under way")
    times = f" {entry['count']} times" if entry["count"] > 1 else ""
    return f"left out{times}: {entry['reason']}"


def plan_lines(plan: Plan, ink: Ink) -> Iterator[str]:
    """Yield when recurring tasks run next, the soonest first."""
    coming = sorted(_coming(plan))
    shown = [(safe(name), f"next {_zoned(at, zone)}") for at, name, zone in coming[:_SHOWN]]
    for line in columns(shown):
        yield f"  {ink.paint('@', 'bold', 'cyan')} {line}"
    if len(coming) > _SHOWN:
        yield f"  and {len(coming) - _SHOWN} more; see `courier get recurring`."


def _coming(plan: Plan) -> Iterator[tuple[datetime, str, str]]:
    return ((task.next_at, _name(task), task.timezone) for task in plan.tasks if task.next_at)


def _name(task: PlannedTask) -> str:
    return str(ref_of(task.task))


def _zoned(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"


def _local(text: object, zone: str) -> str:
    at = moment(text)
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if at else "-"
