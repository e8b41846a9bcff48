"""Chains: as a table, and in full."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from courier.cli.views.ink import PLAIN, Ink, columns, safe


def rows(accounts: Sequence[Mapping[str, Any]], *, wide: bool) -> list[list[str]]:
    """Return the rows of a table of chains, its head first."""
    head = ["NAME", "KIND", "PHASE", "DONE", "CURRENT", "NEXT"]
    more = ["PROJECT", "RESUME", "PULL REQUESTS", "BASE", "TITLE"] if wide else []
    return [[*head, *more], *(_row(told, wide=wide) for told in accounts)]


def told(account: Mapping[str, Any], ink: Ink = PLAIN) -> str:
    """Return everything an account says."""
    fields = [(f"{label}:", safe(text)) for label, text in _head(account) if text]
    table = [["", "NAME", "PHASE", "RUN", "PULL REQUEST", "BRANCH", "TITLE"]]
    table += [_part(account, at, part) for at, part in enumerate(account["parts"])]
    body = columns([[safe(cell) for cell in line] for line in table])
    title = "Sprints" if account["kind"] == "SprintChain" else "Issues"
    parts = "\n".join([ink.paint(title, "bold"), *(f"  {line}" for line in body)])
    return "\n\n".join(["\n".join(columns(fields)), parts])


def _row(told: Mapping[str, Any], *, wide: bool) -> list[str]:
    done = sum(part["phase"] == "completed" for part in told["parts"])
    row = [
        str(told["chain"]),
        str(told["kind"]),
        str(told["phase"]),
        f"{done}/{len(told['parts'])}",
        _at(told, told["currentIndex"]),
        str(told["next"] or "-"),
    ]
    if wide:
        row += [str(told["project"]) or "-", _at(told, told["resumeIndex"])]
        row += [str(told["pullRequests"]), str(told["base"]), str(told["title"])]
    return row


def _head(account: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield str(account["kind"]), str(account["chain"])
    yield "Title", str(account["title"])
    yield "Project", str(account["project"])
    yield "Phase", str(account["phase"])
    yield "Reason", str(account["reason"])
    yield "Why", str(account["message"])
    yield "Current", _at(account, account["currentIndex"], none="")
    yield "Resume", _at(account, account["resumeIndex"], none="")
    yield "Next", str(account["next"] or "")
    yield "Pull requests", "one for all" if account["pullRequests"] == "single" else "one each"
    yield "Base", str(account["base"])
    yield "Document", str(account["document"])


def _at(account: Mapping[str, Any], index: int | None, *, none: str = "-") -> str:
    """Return a place as ``2/3 sign-in``, counted from 1."""
    if index is None:
        return none
    return f"{index + 1}/{len(account['parts'])} {account['parts'][index]['name']}"


def _part(account: Mapping[str, Any], at: int, part: Mapping[str, Any]) -> list[str]:
    pull = part["pullRequest"]
    mark = ">" if at == account["currentIndex"] else ""
    return [
        mark,
        str(part["name"]),
        str(part["phase"]),
        str(part["run"] or "-"),
        f"#{pull['number']} {pull['status']}" if pull else "-",
        str(part["branch"] or "-"),
        str(part["title"]),
    ]
