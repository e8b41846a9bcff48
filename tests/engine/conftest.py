"""One repository with courier around it, for whole runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.engine.worlds import Scene, make_origin, provider, scene
from tests.fakes.embedded import Endpoint

FILES = {"value": "none\n", "keep.txt": "keep\n", ".courier/project.yaml": "kind: Project\n"}


@pytest_asyncio.fixture
async def here(tmp_path: Path, sandboxd: Endpoint) -> AsyncIterator[Scene]:
    """Courier on a fresh origin, with the session's sandbox server."""
    origin = make_origin(tmp_path, FILES)
    async with scene(tmp_path / tmp_path.name, origin, provider(sandboxd)) as opened:
        yield opened
