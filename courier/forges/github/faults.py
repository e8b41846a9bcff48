"""What GitHub refuses, as courier's own exceptions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from courier.errors import CourierError, Misconfigured, NotFound, Unavailable

_PASSING: Final = frozenset({408, 500, 502, 503, 504})
_LONGEST: Final = 600


class NotLetIn(Unavailable):
    """GitHub does not take what courier proves itself with; a person may mend that."""

    def __init__(self, summary: str, *, detail: str = "", next_step: str = "") -> None:
        super().__init__(summary, detail=detail, next_step=next_step)


class RestFault(Misconfigured):
    """GitHub refuses a request.

    Attributes:
        status: The status of its answer.
        problems: What it says is wrong, a sentence each.
        lacks: The permissions that would have been enough, where it tells.
    """

    def __init__(
        self, summary: str, *, status: int, problems: Sequence[str], lacks: str = "", what: str = ""
    ) -> None:
        told = " ".join(problems)[:_LONGEST]
        super().__init__(
            summary,
            detail=f"{what}: {status} {told}".strip(),
            next_step=f"Give it {_named(lacks)}." if lacks else "",
        )
        self.status = status
        self.problems = tuple(problems)
        self.lacks = lacks

    def says(self, *words: str) -> bool:
        """Return whether it says one of some words, whatever their case."""
        told = " ".join(self.problems).lower()
        return any(word in told for word in words)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing GraphQL says is wrong: its type, e.g. ``FORBIDDEN``, and a sentence."""

    type: str
    message: str


class GraphQLFault(Misconfigured):
    """GitHub refuses a query, or parts of it.

    Attributes:
        problems: What is wrong.
        data: What it answered all the same.
    """

    def __init__(self, problems: Sequence[Problem], data: Any = None) -> None:
        super().__init__(
            "GitHub refuses a query.",
            detail="; ".join(one.message for one in problems)[:_LONGEST],
        )
        self.problems = tuple(problems)
        self.data = data

    def says(self, *words: str) -> bool:
        """Return whether it says one of some words, whatever their case."""
        told = " ".join(one.message for one in self.problems).lower()
        return any(word in told for word in words)

    @property
    def is_forbidden(self) -> bool:
        """Return whether rights are missing."""
        return any(one.type in ("FORBIDDEN", "INSUFFICIENT_SCOPES") for one in self.problems)


def fault_of(status: int, headers: Mapping[str, str], text: str, *, what: str) -> CourierError:
    """Return the fault an answer tells of.

    Args:
        status: Its status, 400 or more.
        headers: By name in lower case.
        text: What it says.
        what: What was asked.
    """
    problems = _problems(text)
    if status in _PASSING:
        return Unavailable("GitHub answers with a passing fault.", detail=f"{what}: {status}")
    if status in (404, 410):
        return NotFound("GitHub knows no such thing, or lets nobody see it.", detail=what)
    if status == 401:
        return NotLetIn(
            "GitHub does not take the token.",
            detail=" ".join(problems)[:_LONGEST],
            next_step="Give courier one that holds, and start it again.",
        )
    lacks = headers.get("x-accepted-github-permissions", "") if status == 403 else ""
    summary = "GitHub does not allow it." if status == 403 else "GitHub refuses it."
    return RestFault(summary, status=status, problems=problems, lacks=lacks, what=what)


def graphql_faults(told: Any) -> tuple[Problem, ...]:
    """Return what a GraphQL answer says is wrong."""
    found = told.get("errors") if isinstance(told, dict) else [{"message": "It is no object."}]
    return tuple(
        Problem(str(one.get("type") or ""), str(one.get("message") or "")) for one in found or ()
    )


def _problems(text: str) -> tuple[str, ...]:
    try:
        told = json.loads(text)
    except ValueError:
        return (text[:200],)
    if not isinstance(told, dict):
        return ()
    parts = told.get("errors")
    more = parts if isinstance(parts, list) else [parts] if parts else []
    return tuple(filter(None, (str(told.get("message") or ""), *map(_problem, more))))


def _problem(part: Any) -> str:
    if not isinstance(part, Mapping):
        return str(part)
    return str(part.get("message") or " ".join(str(part.get(key, "")) for key in _WHERE))


_WHERE: Final = ("resource", "field", "code", "value")


def _named(lacks: str) -> str:
    """Return permissions as people read them; any one of those behind a semicolon is enough."""
    return " or ".join(part.strip().replace("=", ": ") for part in lacks.split(";"))
