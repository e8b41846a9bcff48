"""Where every value of a run comes from, for people."""

import json
from collections.abc import Iterable, Mapping
from typing import Final

from courier.planning.asked.asked import gather
from courier.planning.asked.candidates import share_out
from courier.planning.asked.effective import Values
from courier.planning.asked.given import Given
from courier.planning.asked.sessions import session_settings
from courier.planning.asked.written import written_for_run, written_for_step
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.resources.context import Command, Context, Script, Skill
from courier.resources.values import SessionType
from courier.runs.run.frozen import FrozenValue

_OF_STEP: Final = frozenset({"agent", "model", "effort", "sandbox.timeout"})
_OF_SESSION: Final = frozenset({"agent", "model", "effort", "sandbox.template"})


def explain(catalog: Catalog, ref: Ref) -> Mapping[str, Mapping[str, FrozenValue]]:
    """Return every effective value of a Run with its origin: by step, and for the run under ``""``.

    What a step is given stands under its field and name, e.g. ``skills.review``; so do variables,
    inputs and approvals. Instructions of several documents are one value with several origins.

    Raises:
        Missing: If a document it needs is not there.
    """
    asked = gather(catalog, ref)
    shares = share_out(asked)
    whole = shares.whole
    told = {"": _values(whole, whole, is_step=False) | written_for_run(asked)}
    for name, step, values in shares.named:
        own = written_for_step(asked, step, values)
        told[name] = _values(values, whole, is_step=True) | own | _assets(step.given)
    return told


def explain_session(
    catalog: Catalog, project: Ref, session: SessionType
) -> Mapping[str, Mapping[str, FrozenValue]]:
    """Return what holds for a kind of session with its origin, in the form of `explain`.

    Raises:
        Missing: If a document it needs is not there.
    """
    found = session_settings(catalog, project, session)
    values = {
        path: FrozenValue(value=_shown(one.value), origin=one.origin)
        for path, one in found.values.items()
        if path in _OF_SESSION
    }
    if found.prompt:
        at = f"{project} spec.sessions.{session}.prompt"
        values["prompt"] = FrozenValue(value=found.prompt, origin=at)
    return {"": values | _assets(found.given)}


def _values(values: Values, whole: Values, *, is_step: bool) -> dict[str, FrozenValue]:
    return {
        path: FrozenValue(value=_shown(found.value), origin=found.origin)
        for path, found in values.items()
        if (path in _OF_STEP or found != whole.get(path)) == is_step
    }


def _assets(given: Iterable[Given]) -> dict[str, FrozenValue]:
    return {
        f"{each.field}.{each.ref.name}": FrozenValue(value=_kind(each), origin=each.origin)
        for each in given
    }


def _kind(each: Given) -> str:
    """Return in a word what an asset is here."""
    match each.resource:
        case Context(spec=spec):
            return f"pinned to {spec.pin}" if spec.pin else "newest"
        case Command(spec=spec):
            told = "program" if spec.run is not None else "prompt"
            return told if spec.enabled else f"{told}, not enabled"
        case Script(spec=spec):
            return spec.when if spec.enabled else f"{spec.when}, not enabled"
        case Skill():
            return "skill"
        case other:
            return other.kind


def _shown(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=list)
