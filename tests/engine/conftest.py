"""One repository with courier around it, for whole runs."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.engine.worlds import Scene, Sharing, make_origin, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.postgres import Server

FILES = {"value": "none\n", "keep.txt": "keep\n", ".courier/project.yaml": "kind: Project\n"}


@pytest.fixture
def shared() -> Sharing | None:
    """What workers share; None for the journal of one machine."""
    return None


@pytest.fixture(params=["journal", "postgres"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Sharing | None:
    """Both engines, one after the other: a file says so by a fixture ``shared`` of its own."""
    if request.param == "journal":
        return None
    server: Server = request.getfixturevalue("postgres")
    return Sharing(f"{tmp_path.name}-{os.getpid()}", server.url)


@pytest_asyncio.fixture
async def here(tmp_path: Path, sandboxd: Endpoint, shared: Sharing | None) -> AsyncIterator[Scene]:
    """Courier on a fresh origin, with the session's sandbox server."""
    origin, folder = make_origin(tmp_path, FILES), tmp_path / tmp_path.name
    async with scene(folder, origin, provider(sandboxd), shared=shared) as opened:
        yield opened
