"""Lists of runs, pull requests and documents as tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from courier.cli.views.figures import age, cost, moment, tokens, took
from courier.cli.views.ink import PLAIN, Ink, columns, safe
from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.runs.pullrequests.pullrequest import PullRequest

_TONES = {
    "completed": "green",
    "failed": "red",
    "cancelled": "yellow",
    "merged": "green",
    "closed": "yellow",
    "created": "cyan",
    "running": "cyan",
    "parked": "yellow",
}
_WIDEST = 60


def runs(accounts: Sequence[Mapping[str, Any]], now: datetime, *, wide: bool) -> list[list[str]]:
    """Return the rows of a table of runs, its head first."""
    head = ["NAME", "WORKFLOW", "PHASE", "REASON", "PR", "COST", "AGE"]
    more = ["PROJECT", "TOOK", "TOKENS", "CHECKS", "BRANCH", "TITLE"] if wide else []
    return [[*head, *more], *(_run(account, now, wide=wide) for account in accounts)]


def phase_of(account: Mapping[str, Any]) -> tuple[str, str]:
    """Return where a run is and why, as the engine says where it is in flight."""
    flying = account.get("inFlight")
    waits = account.get("reason") in ("AwaitingApproval", "AwaitingChecks")
    if not isinstance(flying, Mapping) or (waits and not flying.get("cancelling")):
        return str(account.get("phase")), str(account.get("reason"))
    phase = str(account.get("phase")) if flying["phase"] == "running" else str(flying["phase"])
    if flying.get("cancelling"):
        return phase, "Cancelling"
    return phase, str(flying.get("step") or flying["phase"]).partition("/")[0]


def _run(account: Mapping[str, Any], now: datetime, *, wide: bool) -> list[str]:
    phase, reason = phase_of(account)
    usage = account.get("usage") or {}
    started, ended = moment(account.get("startedAt")), moment(account.get("endedAt"))
    pull = account.get("pullRequest") or {}
    number = f"#{pull['number']} {pull['status']}" if pull.get("number") else "-"
    row = [
        str(account.get("run")),
        str(account.get("workflow")),
        phase,
        reason,
        number,
        cost(usage),
        age(started, now) if started else "-",
    ]
    if wide:
        length = took(((ended or now) - started).total_seconds()) if started else "-"
        branch = (account.get("work") or {}).get("branch") or "-"
        title = _cut(str(account.get("title", "")))
        checks = (account.get("ciChecks") or {}).get("overall") or "-"
        row += [str(account.get("project")), length, tokens(usage), checks, branch, title]
    return row


def pull_requests(pulls: Sequence[PullRequest], now: datetime, *, wide: bool) -> list[list[str]]:
    """Return the rows of a table of pull requests, its head first."""
    head = ["NUMBER", "STATUS", "RUN", "BRANCH", "AGE", "TITLE"]
    more = ["BASE", "HEAD", "DECIDED BY", "URL"] if wide else []
    return [[*head, *more], *(_pull(pull, now, wide=wide) for pull in pulls)]


def _pull(pull: PullRequest, now: datetime, *, wide: bool) -> list[str]:
    status = "draft" if pull.draft and pull.status == "created" else pull.status
    row = [
        f"#{pull.number}",
        status,
        pull.run,
        pull.branch,
        age(pull.created_at, now),
        _cut(pull.title),
    ]
    more = [pull.base, pull.head[:10], pull.decided_by or "-", pull.url or "-"]
    return [*row, *more] if wide else row


def documents(
    found: Sequence[tuple[Ref, Document]], projects: Mapping[Ref, str], *, wide: bool
) -> list[list[str]]:
    """Return the rows of a table of documents, its head first."""
    head = ["NAME", "PROJECT", "SAYS", *(["DIGEST"] if wide else []), "FILE"]
    return [head, *(_document(ref, each, projects, wide=wide) for ref, each in found)]


def _document(
    ref: Ref, document: Document, projects: Mapping[Ref, str], *, wide: bool
) -> list[str]:
    spec = document.value.get("spec")
    told = spec if isinstance(spec, Mapping) else {}
    says = next((str(told[key]) for key in _SAYING if told.get(key)), "-").strip().split("\n")[0]
    digest = [document.digest[:10]] if wide else []
    return [ref.name, projects.get(ref, "-"), _cut(says), *digest, str(document.position(()))]


_SAYING = ("description", "title", "goal", "prompt", "schedule", "type")


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1].rstrip()}…"


def table(rows: Sequence[Sequence[str]], ink: Ink = PLAIN) -> str:
    """Return the rows as text; statuses are coloured, everything is made safe."""
    lines = columns([[safe(cell) for cell in row] for row in rows], gap=3)
    head, *body = lines
    return "\n".join([ink.paint(head, "dim"), *(_toned(line, ink) for line in body)])


def _toned(line: str, ink: Ink) -> str:
    for word, tone in _TONES.items():
        before, found, after = line.partition(f" {word} ")
        if found:
            return f"{before} {ink.paint(word, tone)} {after}"
    return line
