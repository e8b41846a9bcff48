"""The names of made runs: the same cause always has the same name, and no document can have it.

A document's name has no dot. A made run's begins with its cause's and ends in a word for the kind,
so that neither two kinds, nor a retry (``.r2``), nor a candidate (``.c1``) can have the same.
"""

import re
from collections.abc import Mapping
from typing import Final

from courier.planning.documents.references import Ref
from courier.runs.steps.retry import original

WORDS: Final[Mapping[str, str]] = {
    "Issue": "issue",
    "WorkChain": "chain",
    "SprintChain": "sprint",
    "IssueScan": "scan",
    "AnsweringSession": "answers",
    "Merge": "merge",
    "SprintPlan": "draft",
}
"""Kind to the word that the names of its runs end in."""


_KINDS: Final = {word: kind for kind, word in WORDS.items()}
_AGAIN: Final = re.compile(r"(?P<word>[a-z]+)(-[0-9]+)?")


def cause_of(run: str) -> Ref | None:
    """Return the document that a made run comes of, by its name; None for any other run."""
    name, *_, last = run.split(".") if "." in run else (run, "")
    found = _AGAIN.fullmatch(last)
    kind = _KINDS.get(found["word"]) if found else None
    return Ref(kind, name) if kind else None


def made_run(cause: Ref, *, part: str = "", number: int = 1) -> str:
    """Return the name of a run, e.g. ``roadmap.sign-in.sprint-2``.

    Args:
        cause: The document that asks for it.
        part: Which part of that it does; empty where it is done as a whole.
        number: From 1, where the same is done again.
    """
    again = f"-{number}" if number > 1 else ""
    return ".".join(filter(None, (cause.name, part, f"{WORDS[cause.kind]}{again}")))


def is_part(run: str) -> bool:
    """Return whether a run's name says that it does a part of a chain."""
    cause = cause_of(original(run))
    return cause is not None and cause.kind in ("WorkChain", "SprintChain")
