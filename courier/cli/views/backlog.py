"""Issues and questions: as tables, and in full."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from courier.cli.views.ink import PLAIN, Ink, columns, safe, safe_lines


def issue_rows(accounts: Sequence[Mapping[str, Any]], *, wide: bool) -> list[list[str]]:
    """Return the rows of a table of issues, its head first."""
    head = ["NAME", "STATUS", "PRIORITY", "SCAN", "PR", "TITLE"]
    more = ["PROJECT", "RUN", "EXECUTE", "REASON"] if wide else []
    return [[*head, *more], *(_issue_row(told, wide=wide) for told in accounts)]


def session_rows(accounts: Sequence[Mapping[str, Any]], *, wide: bool) -> list[list[str]]:
    """Return the rows of a table of answering sessions, its head first."""
    head = ["NAME", "SCAN", "OPEN", "ANSWERED", "APPROVED", "PR"]
    more = ["PROJECT", "DOCUMENT"] if wide else []
    return [[*head, *more], *(_session_row(told, wide=wide) for told in accounts)]


def issue_told(account: Mapping[str, Any], ink: Ink = PLAIN) -> str:
    """Return everything an issue's account says."""
    parts = [_fields(_issue_head(account)), safe_lines(str(account["description"]).strip())]
    if account["suggestedPrompt"]:
        prompt = safe_lines(str(account["suggestedPrompt"]).strip())
        parts.append(f"{ink.paint('Suggested prompt', 'bold')}\n{prompt}")
    if account["assumptions"]:
        listed = "\n".join(f"- {safe_lines(each.strip())}" for each in account["assumptions"])
        parts.append(f"{ink.paint('Assumptions', 'bold')}\n{listed}")
    return "\n\n".join(parts)


def session_told(account: Mapping[str, Any], ink: Ink = PLAIN) -> str:
    """Return everything an answering session's account says."""
    return "\n\n".join(
        [_fields(_session_head(account)), *(_question(each, ink) for each in account["questions"])]
    )


def _issue_row(told: Mapping[str, Any], *, wide: bool) -> list[str]:
    row = [
        str(told["issue"]),
        str(told["status"]),
        str(told["priority"]),
        str(told["scan"] or "-"),
        _pull(told) or "-",
        str(told["title"]),
    ]
    if wide:
        row += [str(told[key] or "-") for key in ("project", "run", "execute", "reason")]
    return row


def _session_row(told: Mapping[str, Any], *, wide: bool) -> list[str]:
    keys = ("session", "scan", "open", "answered", "approved")
    row = ["-" if told[key] in (None, "") else str(told[key]) for key in keys]
    more = ("project", "document") if wide else ()
    return [*row, _pull(told) or "-", *(str(told[key] or "-") for key in more)]


def _issue_head(account: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Issue", str(account["issue"])
    yield "Title", str(account["title"])
    yield "Project", str(account["project"])
    yield "Status", str(account["status"])
    yield "Reason", str(account["reason"])
    yield "Priority", str(account["priority"])
    yield "Scan", str(account["scan"] or "")
    yield "Execute", str(account["execute"] or "")
    yield "Run", str(account["run"] or "")
    yield "Pull request", _pull(account)
    yield "Branch", str(account["branch"] or "")
    yield "Document", str(account["document"])


def _session_head(account: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Session", str(account["session"])
    yield "Project", str(account["project"])
    yield "Scan", str(account["scan"] or "")
    yield "Run", str(account["run"] or "")
    yield "Reason", str(account["reason"])
    yield "Pull request", _pull(account)
    yield "Document", str(account["document"])


def _fields(pairs: Iterator[tuple[str, str]]) -> str:
    return "\n".join(columns([(f"{label}:", safe(text)) for label, text in pairs if text]))


def _question(each: Mapping[str, Any], ink: Ink) -> str:
    sure = "" if each["confidence"] is None else f", {each['confidence']:.0%} sure"
    head = ink.paint(f"{each['id']} ({each['status']}{sure})", "bold")
    lines = [head, safe_lines(str(each["question"]).strip())]
    if each["answer"]:
        lines += ["", safe_lines(str(each["answer"]).strip())]
    return "\n".join(lines)


def _pull(account: Mapping[str, Any]) -> str:
    pull = account["pullRequest"]
    return f"#{pull['number']} {pull['status']}" if pull else ""
