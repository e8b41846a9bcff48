"""Where every value of a run comes from, for people."""

import json
from collections.abc import Mapping
from typing import Final

from courier.planning.asked import AskedStep, gather
from courier.planning.candidates import share_out
from courier.planning.catalog import Catalog
from courier.planning.effective import Values
from courier.planning.given import Given
from courier.planning.references import Ref
from courier.resources.context import Command, Context, Script, Skill
from courier.runs.frozen import FrozenValue

_OF_STEP: Final = frozenset({"agent", "model", "effort", "sandbox.timeout"})


def explain(catalog: Catalog, ref: Ref) -> Mapping[str, Mapping[str, FrozenValue]]:
    """Return every effective value of a Run with its origin: by step, and for the run under ``""``.

    What a step is given stands under its field and name, e.g. ``skills.review``.

    Raises:
        Missing: If a document it needs is not there.
    """
    asked = gather(catalog, ref)
    shares = share_out(asked)
    whole = shares.whole
    told = {"": _values(whole, whole, is_step=False)}
    for name, step, values in shares.named:
        told[name] = _values(values, whole, is_step=True) | _equipment(step)
    return told


def _values(values: Values, whole: Values, *, is_step: bool) -> dict[str, FrozenValue]:
    return {
        path: FrozenValue(value=_shown(found.value), origin=found.origin)
        for path, found in values.items()
        if (path in _OF_STEP or found != whole.get(path)) == is_step
    }


def _equipment(step: AskedStep) -> dict[str, FrozenValue]:
    return {
        f"{each.field}.{each.ref.name}": FrozenValue(value=_kind(each), origin=each.origin)
        for each in step.given
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
