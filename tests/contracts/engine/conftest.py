"""The engines under contract."""

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from courier.engine.journal import JournalEngine
from courier.system import SystemClock
from tests.contracts.engine.lab import Effects, EngineFactory, Lab


def journal_factory(folder: Path) -> EngineFactory:
    return lambda: JournalEngine(folder, clock=SystemClock())


FACTORIES: Mapping[str, Callable[[Path], EngineFactory]] = {"journal": journal_factory}


@pytest.fixture(params=sorted(FACTORIES))
def engine_factory(request: pytest.FixtureRequest, tmp_path: Path) -> EngineFactory:
    return FACTORIES[request.param](tmp_path / "data")


@pytest.fixture
async def lab(engine_factory: EngineFactory) -> AsyncIterator[Lab]:
    lab = Lab(engine_factory)
    yield lab
    await lab.stop()


@pytest.fixture
def effects() -> Effects:
    return Effects()
