"""What documents say beside merged values, with where: wording, loops, variables, approvals."""

from collections.abc import Iterator, Mapping

from courier.planning.asked.asked import Asked, AskedStep
from courier.planning.asked.effective import Values, Writer
from courier.planning.asked.effective import origin as place_of
from courier.planning.asked.steps import commands_of
from courier.planning.asked.waiting import freeze_approvals
from courier.runs.run.frozen import FrozenValue

_CUT = 200
"""Most characters of a value; plans and prompts show the whole."""


def written_for_run(asked: Asked) -> dict[str, FrozenValue]:
    """Return by path what a Run, and its workflow's approvals, say of the run as a whole."""
    run = asked.run_writer
    found = {
        path: _value(run, (path,)) for path in ("prompt", "base", "branch", "checkerInstructions")
    }
    for name in asked.run.spec.inputs:
        found[f"inputs.{name}"] = _value(run, ("inputs", name))
    for at, path in enumerate(asked.run.spec.images):
        found[f"images.{at + 1}"] = FrozenValue(value=path, origin=place_of(run, ("images", at)))
    for at, place in enumerate(freeze_approvals(asked)):
        where = f"before {place.before}" if place.before else f"after {place.after}"
        origin = place_of(asked.workflow_writer, ("approvals", at))
        found[f"approvals.{place.name}"] = FrozenValue(value=where, origin=origin)
    return {path: value for path, value in found.items() if value is not None}


def written_for_step(asked: Asked, step: AskedStep, values: Values) -> dict[str, FrozenValue]:
    """Return by path what documents say of one step besides its merged values."""
    found: dict[str, FrozenValue | None] = {}
    for writer in step.writers:
        for steps in (("type",), ("persona",), ("loop", "backTo"), ("loop", "maxIterations")):
            value = _value(writer, steps)
            if value is not None:
                found[".".join(steps)] = value
    commands, origin = commands_of(step, values)
    if commands is not None:
        found["run"] = FrozenValue(value=_shown(commands), origin=origin)
    found["instructions"] = _joined(_instructions(asked, step))
    found |= dict(_variables(asked, step))
    return {path: value for path, value in found.items() if value is not None}


def _instructions(asked: Asked, step: AskedStep) -> Iterator[FrozenValue | None]:
    yield _value(asked.workflow_writer, ("instructions",))
    own = [_value(writer, ("instructions",)) for writer in step.writers]
    override = [_value(writer, ("instructions",)) for writer in step.overrides]
    # The run's word stands for the step's own, not for the persona's.
    replaced = any(override) and step.writers and step.writers[-1].kind == "step"
    yield from (*(own[:-1] if replaced else own), *override)


def _joined(parts: Iterator[FrozenValue | None]) -> FrozenValue | None:
    told = [part for part in parts if part is not None]
    if not told:
        return None
    value = _shown(" … ".join(part.value or "" for part in told))
    return FrozenValue(value=value, origin=" + ".join(part.origin for part in told))


def _variables(asked: Asked, step: AskedStep) -> Iterator[tuple[str, FrozenValue]]:
    for writer in (asked.project_writer, asked.workflow_writer, *step.writers):
        listed = writer.told.get("env")
        for at, each in enumerate(listed if isinstance(listed, list | tuple) else ()):
            if isinstance(each, Mapping):
                secret = each.get("secretRef")
                value = f"secret {secret}" if secret is not None else str(each.get("value") or "")
                origin = place_of(writer, ("env", at))
                yield f"env.{each.get('name')}", FrozenValue(value=value, origin=origin)


def _value(writer: Writer, steps: tuple[str | int, ...]) -> FrozenValue | None:
    told: object = writer.told
    for each in steps:
        told = told.get(each) if isinstance(told, Mapping) else None
    if told is None:
        return None
    return FrozenValue(value=_shown(str(told)), origin=place_of(writer, steps))


def _shown(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _CUT else f"{flat[: _CUT - 1]}…"
