"""Every sort of harvest, and reading an agent's last words as one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from courier.runs.harvest.answers import ANSWERS
from courier.runs.harvest.contract import Contract
from courier.runs.harvest.frozen import FrozenHarvest, Gathered
from courier.runs.harvest.issues import ISSUES
from courier.runs.harvest.learnings import LEARNINGS
from courier.runs.harvest.sprintplan import SPRINT_PLAN
from courier.runs.texts.answer import Unreadable, ask_again, last_object
from courier.runs.transcripts.transcript import Outcome

READ_CHARACTERS: Final = 400_000
"""How much of the end of a message is read."""

CONTRACTS: Final[Mapping[str, Contract]] = MappingProxyType(
    {contract.sort: contract for contract in (ISSUES, ANSWERS, LEARNINGS, SPRINT_PLAN)}
)
"""Every sort there is."""


def gather(outcome: Outcome, harvest: FrozenHarvest) -> Gathered | None:
    """Return what a turn answered; None if the turn failed and there is no answer."""
    if outcome.status != "completed":
        return None
    try:
        found = last_object(outcome.text, within=READ_CHARACTERS)
        answer = CONTRACTS[harvest.sort].read(found, harvest)
    except Unreadable as why:
        return Gathered(reason="AnswerUnreadable", feedback=str(why))
    told = answer.model_dump(mode="json", by_alias=True, exclude_none=True)
    return Gathered(reason="Gathered", found=told)


def repair_prompt(sort: str, why: str) -> str:
    """Return what to ask, in the same conversation, for an answer that can be read."""
    instead = "look at anything again; say what you found"
    return ask_again("answer", why, instead=instead, rule=CONTRACTS[sort].rule)
