"""Which candidate a judge chose, read from its last words or from its commands' output."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from pydantic import Field

from courier.resources.model import Model
from courier.runs.replies.roles import CHOICE_RULE
from courier.runs.texts.answer import Unreadable, ask_again, last_object
from courier.runs.transcripts.transcript import Outcome

NONE: Final = "none"
"""What a judge says who would put its name to no candidate."""

_REASON_CHARACTERS: Final = 8_000


class Choice(Model):
    """What a judge decided about the candidates."""

    chosen: str | None = None
    """The candidate; null where none was chosen or the answer could not be read."""
    ranking: tuple[str, ...] = ()
    """Candidates from best to worst, as far as the judge ranked them."""
    reasons: dict[str, str] = Field(default_factory=dict)
    """Candidate to what the judge says about it."""
    reason: Literal["Chosen", "NoneChosen", "ChoiceUnreadable"]
    """A stable PascalCase word."""
    feedback: str = ""
    """For people: why none was chosen, or why nothing could be read."""

    @property
    def readable(self) -> bool:
        """Whether the judge itself decided."""
        return self.reason != "ChoiceUnreadable"


def read_choice(outcome: Outcome, *, agent: str, among: Sequence[str]) -> Choice | None:
    """Return what a judge's turn decided; None if the turn failed and nothing was decided.

    Commands of the ``shell`` agent may also just print a candidate's name, or ``none``, as their
    last line. Every other agent ends with a fenced JSON object.

    Args:
        outcome: How the turn ended.
        agent: Who took it.
        among: The candidates there are to choose from.
    """
    if outcome.status != "completed":
        return None
    lines = outcome.text.split("\n") if agent == "shell" else []
    last = next((line.strip() for line in reversed(lines) if line.strip()), None)
    if last in (*among, NONE):
        return _choice({"choice": last}, among, explained=False)
    try:
        return _choice(last_object(outcome.text), among, explained=agent != "shell")
    except Unreadable as why:
        return Choice(reason="ChoiceUnreadable", feedback=f"{why} {_expected(among)}")


def repair_prompt(why: str) -> str:
    """Return what to ask, in the same conversation, for a choice that can be read."""
    instead = "compare anything again; say what you decided"
    return ask_again("choice", why, instead=instead, rule=CHOICE_RULE)


def _expected(among: Sequence[str]) -> str:
    return f"The candidates to choose from: {', '.join(among)}."


def _choice(found: Mapping[str, object], among: Sequence[str], *, explained: bool) -> Choice:
    chosen = found.get("choice")
    if not isinstance(chosen, str) or chosen not in (*among, NONE):
        raise Unreadable('`choice` must be the name of a candidate, or "none".')
    ranking = _ranking(found.get("ranking", []), among)
    if ranking and chosen not in (ranking[0], NONE):
        raise Unreadable("`ranking` must begin with the candidate in `choice`.")
    reasons = _reasons(found.get("reasons", {}), among)
    if explained and not (chosen in reasons or (chosen == NONE and reasons)):
        raise Unreadable("`reasons` must say why, for the candidate in `choice` at least.")
    told = " ".join(f"{name}: {said}" for name, said in reasons.items())
    if chosen == NONE:
        feedback = f"The judge chose none of the candidates. {told}".strip()
        return Choice(ranking=ranking, reasons=reasons, reason="NoneChosen", feedback=feedback)
    return Choice(chosen=chosen, ranking=ranking, reasons=reasons, reason="Chosen")


def _ranking(told: object, among: Sequence[str]) -> tuple[str, ...]:
    if not isinstance(told, list) or not all(name in among for name in told):
        raise Unreadable("`ranking` must be a list of candidates' names.")
    if len(set(told)) < len(told):
        raise Unreadable("`ranking` names a candidate twice.")
    return tuple(told)


def _reasons(told: object, among: Sequence[str]) -> dict[str, str]:
    if not isinstance(told, dict):
        raise Unreadable("`reasons` must be an object from a candidate's name to text.")
    found: dict[str, str] = {}
    for name, said in told.items():
        if name not in (*among, NONE) or not isinstance(said, str):
            raise Unreadable("`reasons` must hold only candidates' names, each with text.")
        plain = said.encode(errors="replace").decode().strip()
        if plain:
            found[str(name)] = plain[:_REASON_CHARACTERS]
    return found
