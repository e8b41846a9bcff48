"""One repository with courier around it, for whole runs."""

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.engine.worlds import Scene, Sharing, make_origin, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.github.hosting import Hosting
from tests.fakes.github.hosting import hosting as hosted
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


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A fresh bare repository."""
    return make_origin(tmp_path, FILES)


@pytest.fixture
def hosting() -> Hosting | None:
    """The fake GitHub the origin is on; None where proposals are files on its state branch."""
    return None


@pytest.fixture(params=["local", "github"])
def each_forge(
    request: pytest.FixtureRequest, tmp_path: Path, origin: Path
) -> Iterator[Hosting | None]:
    """Both forges, one after the other: a file says so by a fixture ``hosting`` of its own."""
    if request.param == "local":
        yield None
        return
    with hosted(tmp_path / "github", origin) as found:
        yield found


@pytest_asyncio.fixture
async def here(
    origin: Path, sandboxd: Endpoint, shared: Sharing | None, hosting: Hosting | None
) -> AsyncIterator[Scene]:
    """Courier on a fresh origin, with the session's sandbox server."""
    folder = origin.parent / origin.parent.name
    async with scene(folder, origin, provider(sandboxd), shared=shared, hosting=hosting) as opened:
        yield opened


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return a fresh private key; its public half lies beside it."""
    path = tmp_path / "id"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "courier", "-f", str(path)]
    subprocess.run(command, check=True)
    return path
