"""The watchlist: a YAML file of the repositories one daemon looks after."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, ValidationError

from courier.diagnostics import Diagnostic
from courier.planning.documents.modelled import model_problems
from courier.planning.documents.sources import Draft, read_drafts
from courier.planning.problems import error, quoted
from courier.resources.model import Model
from courier.resources.values import Items, Line, lasting, matching

Interval = Annotated[str, lasting("5s", "1d", example="1m")]
SecretName = Annotated[
    str, matching(r"^[A-Za-z_][A-Za-z0-9_]*$", expects="the name of an environment variable")
]


class WatchedRepository(Model):
    """One repository."""

    url: Annotated[Line, Field(min_length=1)]
    """Where it is, for git: a URL, or a folder as seen from the file."""
    interval: Interval | None = None
    """How soon it is looked at when nothing tells that it changed, 5s to 1d."""
    webhook_secret: SecretName | None = None
    """The variable, where courier runs, with the secret its webhooks are signed with."""


class Watchlist(Model):
    """What a daemon looks after, and how."""

    repositories: Items[WatchedRepository] = ()
    """The repositories."""
    interval: Interval = "30s"
    """How soon each is looked at when nothing tells that it changed, 5s to 1d."""
    webhook_secret: SecretName | None = None
    """The variable with the secret of repositories that name none."""


def read_watchlist(path: str, data: bytes) -> tuple[Watchlist | None, tuple[Diagnostic, ...]]:
    """Return the watchlist a file holds, None if it has errors, and what is wrong with it.

    Args:
        path: The path people see in diagnostics.
        data: What the file holds.
    """
    drafts = read_drafts(path, data, inside=path)
    if drafts.diagnostics:
        return None, tuple(drafts.diagnostics)
    if len(drafts.documents) != 1:
        detail = "It is one YAML document with `repositories`."
        return None, (error("Empty", "Not a watchlist", detail, None),)
    draft = drafts.documents[0]
    try:
        found = Watchlist.model_validate_json(json.dumps(draft.value))
    except ValidationError as wrong:
        models = (Watchlist, WatchedRepository)
        return None, tuple(model_problems(draft, wrong, models))
    problems = tuple(_twice(draft, found))
    return (None if problems else found), problems


def _twice(draft: Draft, found: Watchlist) -> Iterator[Diagnostic]:
    seen: Counter[str] = Counter()
    for place, each in enumerate(found.repositories):
        seen[each.url] += 1
        if seen[each.url] > 1:
            at = draft.locate(("repositories", place, "url"))
            detail = f"{quoted(each.url)} is listed already. Remove one."
            yield error("DuplicateName", "Repository listed twice", detail, at)
