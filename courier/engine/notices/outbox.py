"""The outbox: every letter the engine knows, and what became of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from courier.engine.inflight import Phase, RunState
from courier.engine.notices.herald import name_of, submit
from courier.engine.notices.mailing import DEAD, FLOW, SENT
from courier.engine.seam import RunClient, RunReader
from courier.errors import Conflict
from courier.runs.notices.notice import Letter


@dataclass(frozen=True, slots=True)
class Posted:
    """One letter.

    Attributes:
        name: The engine's name of it.
        letter: What is told, and to whom.
        state: waiting: it will be tried, again or for the first time; sent: its receiver has it;
            dead: it was given up.
        at: When it was written.
        tries: How often it was tried.
        why: What the last try failed for; empty where none did.
    """

    name: str
    letter: Letter
    state: Literal["waiting", "sent", "dead"]
    at: datetime
    tries: int = 0
    why: str = ""


async def posted(reader: RunReader) -> Sequence[Posted]:
    """Return all letters, the last written first; of one sent again only the last time."""
    found: dict[str, Posted] = {}
    for state in await reader.list():
        if state.flow != FLOW:
            continue
        letter = Letter.model_validate_json(json.dumps(await reader.submitted(state.run_id)))
        if name_of(letter) not in found:
            found[name_of(letter)] = await _posted(reader, state, letter)
    return list(found.values())


async def _posted(reader: RunReader, state: RunState, letter: Letter) -> Posted:
    if state.phase is Phase.COMPLETED and isinstance(state.result, Mapping):
        told = state.result
        is_sent = told.get("state") == SENT
        return Posted(
            name=state.run_id,
            letter=letter,
            state="sent" if is_sent else "dead",
            at=state.submitted_at,
            tries=int(str(told.get("tries", 0))),
            why=str(told.get("why", "")) if not is_sent else "",
        )
    if state.phase.ended:
        why = str(state.error) if state.error is not None else str(state.phase)
        return Posted(state.run_id, letter, DEAD, state.submitted_at, 1, why)
    tries = [one for one in await reader.steps(state.run_id) if one.name.startswith("send-")]
    failed = [one.result for one in tries if isinstance(one.result, Mapping)]
    why = str(failed[-1].get("why", "")) if failed else ""
    return Posted(state.run_id, letter, "waiting", state.submitted_at, len(tries), why)


async def send_again(engine: RunClient, dead: Posted) -> str:
    """Queue a letter that was given up once more; return the engine's name of it.

    Raises:
        Conflict: If somebody did so at the same moment.
    """
    plain = name_of(dead.letter)
    again = int(dead.name.removeprefix(plain).removeprefix(".") or 0) + 1
    letter = dead.letter.model_copy(update={"overflows": False})
    if not await submit(engine, letter, again=again):
        raise Conflict("It is queued again already.", detail=dead.name)
    return name_of(letter, again=again)
