"""The engines under contract."""

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from courier.engine.journal import JournalEngine
from courier.system import SystemClock
from tests.contracts.engine.lab import Effects, EngineFactory, Lab


def journal_factory(request: pytest.FixtureRequest) -> EngineFactory:
    folder: Path = request.getfixturevalue("tmp_path") / "data"
    return lambda: JournalEngine(folder, clock=SystemClock())


def postgres_factory(request: pytest.FixtureRequest) -> EngineFactory:
    from courier.engine.postgres import PostgresEngine
    from tests.fakes.postgres import Server

    server: Server = request.getfixturevalue("postgres")
    database = server.database()
    return lambda: PostgresEngine(database, clock=SystemClock())


FACTORIES: Mapping[str, Callable[[pytest.FixtureRequest], EngineFactory]] = {
    "journal": journal_factory,
    "postgres": postgres_factory,
}


@pytest.fixture(params=["journal", pytest.param("postgres", marks=pytest.mark.slow)])
def engine_factory(request: pytest.FixtureRequest) -> EngineFactory:
    return FACTORIES[request.param](request)


@pytest.fixture
async def lab(engine_factory: EngineFactory) -> AsyncIterator[Lab]:
    lab = Lab(engine_factory)
    yield lab
    await lab.stop()


@pytest.fixture
def effects() -> Effects:
    return Effects()
