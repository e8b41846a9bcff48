"""Who does which step of a run: the run itself, or candidates side by side before its judge."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import starmap

from courier.planning.asked.asked import Asked, AskedStep, type_of
from courier.planning.asked.effective import Values
from courier.planning.asked.steps import decide_values
from courier.runs.run.frozen import FrozenCandidate, FrozenStep

Part = tuple[tuple[AskedStep, Values], ...]
"""Steps in order, each with its values."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The steps of a run, shared out.

    Attributes:
        whole: The values that hold for the run as a whole.
        own: The steps the run does itself; with candidates, from the judge on.
        candidates: What each candidate does before that.
    """

    whole: Values
    own: Part
    candidates: tuple[Part, ...] = ()

    @property
    def every(self) -> Part:
        """Return every step that is done by anybody."""
        return (*(pair for part in self.candidates for pair in part), *self.own)

    @property
    def values(self) -> tuple[Values, ...]:
        """Return the values of every step that is done by anybody."""
        return tuple(values for _, values in self.every)

    @property
    def named(self) -> Iterator[tuple[str, AskedStep, Values]]:
        """Yield what each step is called by people, with the step and its values."""
        for number, part in enumerate(self.candidates, start=1):
            yield from ((f"c{number}/{step.step.name}", step, values) for step, values in part)
        yield from ((step.step.name, step, values) for step, values in self.own)


def share_out(asked: Asked) -> Shares:
    """Return who does which step; without a judge there is nothing to share out."""
    whole, values = decide_values(asked)
    pairs = tuple(zip(asked.steps, values, strict=True))
    at = judge_at(asked)
    if at is None or not asked.candidates:
        return Shares(whole, pairs)
    decided = (decide_values(asked, candidate)[1] for candidate in asked.candidates)
    parts = (tuple(zip(asked.steps[:at], each[:at], strict=True)) for each in decided)
    return Shares(whole, pairs[at:], tuple(parts))


def judge_at(asked: Asked) -> int | None:
    """Return the place of the first judge; None where there is none."""
    return next((at for at, step in enumerate(asked.steps) if type_of(step) == "judge"), None)


def obstacles(asked: Asked) -> Iterator[str]:
    """Yield why a run cannot have the candidates it asks for."""
    if not asked.candidates:
        return
    at = judge_at(asked)
    if at is None:
        yield "A judge chooses among `candidates`, and none of the steps that are left is one."
        return
    if at == 0:
        yield "The candidates have nothing to do: no step is left before the judge."
    yield from _questions(asked, at)
    yield from _loops(asked, at)


def _questions(asked: Asked, at: int) -> Iterator[str]:
    before = {step.step.name for step in asked.steps[:at]}
    for approval in asked.workflow.spec.approvals:
        place = approval.before or approval.after
        if place in before:
            yield (
                f'No person can be asked at step "{place}", which several candidates do; let the '
                f'approval be before or after "{asked.steps[at].step.name}" or a later step.'
            )


def _loops(asked: Asked, at: int) -> Iterator[str]:
    before = {step.step.name for step in asked.steps[:at]}
    for step in asked.steps[at:]:
        loop = step.step.loop
        if loop is not None and step is asked.steps[at]:
            yield f'Step "{step.step.name}" chooses among candidates and can have no `loop`.'
        elif loop is not None and loop.back_to in before:
            name = step.step.name
            yield f'Step "{name}" cannot go back to "{loop.back_to}", which the candidates do.'


def freeze_shares(
    shares: Shares, freeze: Callable[[AskedStep, Values], FrozenStep]
) -> tuple[tuple[FrozenStep, ...], tuple[FrozenCandidate, ...]]:
    """Return the steps the run does itself, and what each candidate does before.

    Args:
        shares: Who does which step.
        freeze: Makes one step as it will be done.
    """
    steps = tuple(starmap(freeze, shares.own))
    theirs = tuple(
        FrozenCandidate(steps=tuple(starmap(freeze, part))) for part in shares.candidates
    )
    if not theirs:
        return steps, ()
    judge = steps[0].model_copy(update={"chooses": True, "gives_verdict": False, "loop": None})
    return (judge, *steps[1:]), theirs
