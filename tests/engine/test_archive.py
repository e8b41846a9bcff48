"""What was said in a run, and what it was told, is kept however long nobody can read it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from courier.engine.running.archive import keep_transcripts
from courier.errors import Unavailable
from tests.engine.worlds import Scene, single_plan

pytestmark = pytest.mark.slow


class Reluctant:
    """Answers some questions with trouble that passes, the first time."""

    def __init__(self, inner: Any, *names: str) -> None:
        self._inner = inner
        self._left = set(names)

    def __getattr__(self, name: str) -> Any:
        if name not in self._left:
            return getattr(self._inner, name)

        async def refuse(*_: object, **__: object) -> None:
            self._left.remove(name)
            raise Unavailable("The database cannot be used now.")

        return refuse


async def test_trouble_that_passes_costs_neither_transcript_nor_journal(here: Scene) -> None:
    plan = single_plan(here, "echo said")
    await here.run(plan)
    world = replace(here.world, transcripts=Reluctant(here.world.transcripts, "gather"))
    engine: Any = Reluctant(here.engine, "status", "steps")
    kept = await keep_transcripts(world, engine, plan, started=datetime.now(UTC))
    assert sorted(kept) == ["journal", "transcript"]
