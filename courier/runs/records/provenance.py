"""From a commit to the attempt that made it: what trailers and records say of each other."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_STEP: Final = re.compile(r"(.+)-([0-9]+)")


@dataclass(frozen=True, slots=True)
class Origin:
    """What the trailers of a commit say.

    Attributes:
        run: The run it is of.
        step: The step's name; empty where the commit is of the whole run.
        iteration: Which time the step was done.
        candidate: Who of several did it; empty for nobody.
    """

    run: str
    step: str = ""
    iteration: int = 0
    candidate: str = ""


def origin(trailers: Mapping[str, str]) -> Origin | None:
    """Return what trailers say; None where they name no run."""
    run = trailers.get("Courier-Run", "")
    if not run:
        return None
    found = _STEP.fullmatch(trailers.get("Courier-Step", ""))
    candidate = trailers.get("Courier-Candidate", "")
    if found is None:
        return Origin(run, candidate=candidate)
    return Origin(run, found[1], int(found[2]), candidate)


def attempt_of(record: Mapping[str, Any], made: Origin) -> Mapping[str, Any] | None:
    """Return the attempt of a record that an origin means; of several the last with work."""
    found = [
        one
        for one in attempts(record)
        if (one.get("step"), one.get("iteration")) == (made.step, made.iteration)
        and made.candidate in ("", one.get("candidate", ""))
    ]
    best = [one for one in found if one.get("commit")] or found
    return best[-1] if best else None


def attempts(record: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the attempts of a record, in order."""
    steps = record.get("steps")
    return [one for one in steps if isinstance(one, dict)] if isinstance(steps, list) else []


def touching(record: Mapping[str, Any], path: str) -> Sequence[Mapping[str, Any]]:
    """Return the attempts that changed a file, in order."""
    return [one for one in attempts(record) if path in (one.get("files") or ())]


def verdicts_on(
    record: Mapping[str, Any], attempt: Mapping[str, Any]
) -> Sequence[Mapping[str, Any]]:
    """Return the attempts that judged what an attempt left, until other work took its place."""
    told = attempts(record)
    at = next((index for index, one in enumerate(told) if one is attempt), len(told))
    found = []
    for one in told[at + 1 :]:
        if one.get("verdict"):
            found.append(one)
        elif one.get("commit") and one.get("files"):
            break
    return found
