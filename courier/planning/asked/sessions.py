"""What a Project says of each kind of session: settings, and documents bound to the kind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from courier.planning.asked.effective import BUILT_IN_LAYER, Values, Writer, effective, layer
from courier.planning.asked.given import Given, given, given_by, part, writer_of
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.resources.values import SessionType, StepType

SESSION_OF_STEP: Final[Mapping[StepType, SessionType]] = {
    "evaluator": "evaluator",
    "judge": "judge",
    "answerer": "answering",
    "merger": "merging",
}
"""Step types that are a kind of session, and which."""

SESSION_OF_CAUSE: Final[Mapping[str, SessionType]] = {
    "IssueScan": "issue",
    "AnsweringSession": "answering",
    # Nothing else is made for a Project than looking its runs through.
    "Project": "learning",
}
"""Kinds of documents whose made runs are a kind of session in every step, and which."""


@dataclass(frozen=True, slots=True)
class Session:
    """What holds for one kind of session.

    Attributes:
        values: Agent, model, effort and all else that has a value, with origins: built-in below the
            Project below what the Project says of the kind.
        prompt: What it is told besides its own instructions; empty for nothing.
        given: Documents and tools, in order, each once.
    """

    type: SessionType
    values: Values
    prompt: str
    given: tuple[Given, ...]


def session_settings(catalog: Catalog, project: Ref, session: SessionType) -> Session:
    """Return what a project says of a kind of session.

    Raises:
        Missing: If it names a document that does not exist.
    """
    writer = session_writer(catalog, project, session)
    above = [] if writer is None else [writer]
    layers = [BUILT_IN_LAYER, layer(writer_of(catalog, project)), *map(layer, above)]
    bound = bound_contexts(catalog, project, session)
    named = given_by(catalog, above)
    return Session(
        session, effective(layers), prompt_of(writer), tuple(each_once([*bound, *named]))
    )


def session_writer(catalog: Catalog, project: Ref, session: SessionType) -> Writer | None:
    """Return the Project's settings for a kind of session as a writer; None without any."""
    found = part(catalog, project, "session", ("sessions", session))
    return found if found.told else None


def session_of(catalog: Catalog, run: Ref, step: StepType) -> SessionType | None:
    """Return what kind of session a step of a run is; None for none."""
    # A made run stands in the document that asks for it.
    cause = catalog.documents[run].draft.value
    kind = cause.get("kind") if isinstance(cause, Mapping) else None
    return SESSION_OF_STEP.get(step) or SESSION_OF_CAUSE.get(str(kind))


def prompt_of(writer: Writer | None) -> str:
    """Return what the settings add to what the session is told."""
    return "" if writer is None else str(writer.told.get("prompt") or "")


def bound_contexts(catalog: Catalog, project: Ref, session: SessionType) -> Iterator[Given]:
    """Yield the Contexts that name a kind of session themselves, in alphabetical order."""
    for ref in catalog.of_kind("Context"):
        document = catalog.documents[ref]
        bound = document.value["spec"].get("sessions") or ()
        if session in bound and catalog.project_of(ref) in (None, project):
            pointer = ("spec", "sessions", list(bound).index(session))
            at = f"{ref} spec.sessions ({document.position(pointer)})"
            yield given(catalog, ref, "context", at)


def each_once(assets: list[Given]) -> Iterator[Given]:
    """Yield assets where each comes first."""
    seen: set[Ref] = set()
    for each in assets:
        if each.ref not in seen:
            seen.add(each.ref)
            yield each
