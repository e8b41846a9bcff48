"""What people are warned of about learnings: what expires, and what contradicts what.

Both move without any file being changed, by the day or by another file, so that no verdict that is
kept may hold them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from courier.diagnostics import Diagnostic
from courier.planning.documents.sources import Draft, read_drafts
from courier.planning.problems import warning
from courier.runs.learnings.likeness import like

KIND: Final = "Learning"

SOON: Final = timedelta(days=14)
"""So long before its end it is told that a learning expires."""

_FOLDER: Final = ".courier/"


class _Noted(NamedTuple):
    """A learning as its document says it, without its model."""

    name: str
    trigger: str
    correct_behavior: str
    roles: tuple[str, ...]
    scope: tuple[str, ...]
    project: str | None
    expires: date | None
    draft: Draft


def notes(files: Mapping[str, bytes], *, today: date) -> Sequence[Diagnostic]:
    """Return a warning for every learning that expires, has expired or contradicts another.

    Args:
        files: Path from the repository's root to content, of all files that may hold learnings;
            what is wrong with them otherwise is not told here.
        today: The day, in UTC.
    """
    every = [one for path, data in sorted(files.items()) for one in _read(path, data)]
    held = [one for one in every if one.expires is None or one.expires >= today]
    return [*_expiring(every, today), *_contrary(held)]


def _read(path: str, data: bytes) -> Iterator[_Noted]:
    for draft in read_drafts(path, data, inside=path.removeprefix(_FOLDER)).documents:
        value: Any = draft.value
        try:
            if value["kind"] == KIND and value["spec"].get("status", "approved") == "approved":
                yield _noted(value["metadata"], value["spec"], draft)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue


def _noted(metadata: Mapping[str, Any], spec: Mapping[str, Any], draft: Draft) -> _Noted:
    expires = spec.get("expires")
    return _Noted(
        str(metadata["name"]),
        str(spec["trigger"]),
        str(spec["correctBehavior"]),
        tuple(spec.get("roles") or ()),
        tuple(spec.get("scope") or ()),
        metadata.get("project"),
        date.fromisoformat(str(expires)) if expires is not None else None,
        draft,
    )


def _expiring(every: Sequence[_Noted], today: date) -> Iterator[Diagnostic]:
    for one in every:
        if one.expires is None or one.expires > today + SOON:
            continue
        at = one.draft.locate(("spec", "expires"))
        if one.expires < today:
            detail = f'"{one.name}" held until {one.expires} and is told to nobody any more.'
            next_step = "Take `expires` out or change it if it still holds, else delete it."
            yield warning("LearningExpired", "Learning has expired", f"{detail} {next_step}", at)
        else:
            detail = f'"{one.name}" holds until {one.expires}; after that day nobody is told it.'
            yield warning("LearningExpires", "Learning expires soon", detail, at)


def _contrary(every: Sequence[_Noted]) -> Iterator[Diagnostic]:
    for number, one in enumerate(every):
        others = like(one, every[:number], "contrary")
        if others:
            names = ", ".join(f'"{other.name}"' for other in others)
            detail = (
                f'"{one.name}" and {names} ask for different things on one occasion; agents are '
                "told both. Reject or reword one of them."
            )
            at = one.draft.locate(("spec", "correctBehavior"))
            yield warning("LearningsContradict", "Learnings contradict each other", detail, at)
