"""Rules about the steps of a workflow that need to know who does them."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from courier.diagnostics import Severity
from courier.planning.documents.references import Pointer
from courier.runs.replies.roles import ROLES

_STEPS: Pointer = ("spec", "steps")
_CANDIDATES: Pointer = ("spec", "candidates")


class Player(NamedTuple):
    """Who does one step.

    Attributes:
        type: What it is for; None where that is not known.
        enabled: Whether its persona, if it has one, may be used.
        loops: Whether the step has a `loop`, and so judges.
    """

    type: str | None
    enabled: bool = True
    loops: bool = False

    @property
    def keeps_changes(self) -> bool:
        """Return whether the work goes on with what the step changed."""
        return self.type is not None and ROLES[self.type].does_work and not self.loops


class Problem(NamedTuple):
    """What is wrong with a workflow, and where in its document."""

    pointer: Pointer
    code: str
    summary: str
    detail: str
    severity: Severity = Severity.ERROR


@lru_cache(maxsize=1_000)
def problems(type_: str, players: tuple[Player, ...], *, chooses: bool) -> tuple[Problem, ...]:
    """Return what is wrong with the steps somebody wrote; many workflows have the same.

    Args:
        type_: The workflow's type.
        players: Who does its steps.
        chooses: Whether there are candidates to choose among.
    """
    return tuple(_problems(type_, players, chooses=chooses))


def _problems(type_: str, players: Sequence[Player], *, chooses: bool) -> Iterator[Problem]:
    for at, player in enumerate(players):
        if player.loops and player.type != "custom" and player._replace(loops=False).keeps_changes:
            detail = (
                "A step with a `loop` judges, and what it changes is thrown away; steps of type "
                f"{player.type} do the work. Move the `loop` to the step that checks it."
            )
            yield Problem((*_STEPS, at, "loop"), "LoopOnWork", "Loop on the work itself", detail)
    if not any(player.enabled for player in players):
        detail = "None of these personas is enabled, so nobody is left. Set `enabled: true` in one."
        yield Problem(_STEPS, "NobodyEnabled", "No persona is enabled", detail)
    elif all(player.type for player in players):
        yield from _of_types(type_, [player for player in players if player.enabled])
        if chooses:
            yield from _of_candidates(players)


def _of_candidates(players: Sequence[Player]) -> Iterator[Problem]:
    done = [(at, player) for at, player in enumerate(players) if player.enabled]
    judges = [(at, player) for at, player in done if player.type == "judge"]
    if not judges:
        detail = (
            "A judge chooses among candidates, and no step is one. Add a step of type judge after "
            "the steps that the candidates do."
        )
        yield Problem(_CANDIDATES, "JudgeMissing", "No judge for the candidates", detail)
        return
    at, judge = judges[0]
    if judge.loops:
        detail = (
            "This judge chooses among candidates; it gives no verdict that a loop could follow. "
            "Leave the `loop` out, or give it to a checker after the judge."
        )
        yield Problem((*_STEPS, at, "loop"), "LoopOnChoice", "Loop on the choice", detail)
    if not any(player.keeps_changes for _, player in done[: done.index(judges[0])]):
        detail = (
            "The candidates do the steps before the first judge, and none of these does work there "
            "would be to choose from. Put a designer, an optimizer or a custom step before it."
        )
        yield Problem(_CANDIDATES, "CandidatesIdle", "Candidates without work", detail)


def _of_types(type_: str, players: Sequence[Player]) -> Iterator[Problem]:
    types = [str(player.type) for player in players]
    if type_ == "designerChecker" and len(types) == 2 and types != ["designer", "checker"]:
        detail = (
            "A workflow of type designerChecker has a designer and then a checker; these are "
            f"{types[0]} and {types[1]}. Change the steps, or use type pipeline."
        )
        summary = "Not one designer and one checker"
        yield Problem(_STEPS, "WrongRoles", summary, detail)
    elif not any(player.keeps_changes for player in players):
        detail = (
            "Only the words of these steps are kept, what they change is not, so there will be no "
            "pull request. If there should be one, add a designer, an optimizer or a custom step."
        )
        summary = "No step does the work"
        yield Problem(_STEPS, "NothingKept", summary, detail, Severity.WARNING)
