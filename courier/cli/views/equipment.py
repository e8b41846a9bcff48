"""What the steps of a run are given, in words: contexts, learnings, skills, commands, scripts."""

from collections.abc import Iterator, Sequence
from typing import Final

from courier.runs.run.frozen import FrozenStep

_NOTED: Final = {"paths": "about other paths", "room": "without room"}
"""Why learnings are left out that somebody may look for."""


def given(steps: Sequence[FrozenStep]) -> Iterator[str]:
    """Yield one line for each step that is given something, or one for all if they are alike."""
    told = {step.name: ", ".join(_listed(step)) for step in steps}
    if len(told) > 1 and len(set(told.values())) == 1:
        told = {"every step": next(iter(told.values()))}
    yield from (f"{name}: {text}" for name, text in told.items() if text)


def value(step: FrozenStep, word: str) -> str | None:
    """Return what an asset is, e.g. of ``skills.review``; None if the word names none."""
    field, _, name = word.partition(".")
    match field:
        case "context":
            version = next(each.version for each in step.contexts if each.name == name)
            return f"pinned to {version[:12]}" if version else "newest"
        case "skills":
            files = next(each.files for each in step.skills if each.name == name)
            size = sum(len(file.content) for file in files)
            return f"{len(files)} file{'' if len(files) == 1 else 's'}, {size:,} bytes"
        case "commands":
            run = next(each.run for each in step.commands if each.name == name)
            return "program" if run is not None else "prompt"
        case "scripts":
            return next(each.when for each in step.scripts if each.name == name)
        case _:
            return None


def _listed(step: FrozenStep) -> Iterator[str]:
    for context in step.contexts:
        pinned = f" (pinned to {context.version[:10]})" if context.version else ""
        yield f"context {context.name}{pinned}"
    if step.learnings is not None and step.learnings.lessons:
        names = ", ".join(each.name for each in step.learnings.lessons)
        yield f"learnings of version {step.learnings.version} ({names})"
    for untold in step.learnings.left_out if step.learnings is not None else ():
        if untold.because in _NOTED:
            yield f"learnings {_NOTED[untold.because]} left out ({', '.join(untold.names)})"
    yield from (f"skill {each.name}" for each in step.skills)
    yield from (f"command {each.name}" for each in step.commands)
    yield from (f"script {each.name} ({each.when})" for each in step.scripts)
