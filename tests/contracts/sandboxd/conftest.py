"""The unmodified E2B SDK against every isolation that works here, and E2B itself with a key.

`E2B_API_KEY=… pytest tests/contracts/sandboxd -m live` runs the same promises on E2B's cloud.
"""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("E2B_MAX_CONNECTIONS", "20000")

from e2b import AsyncSandbox

from courier.sandboxd.ladder import isolation_report
from tests.contracts.sandboxd.wire import Wire
from tests.fakes.embedded import Endpoint, serving

CLOUD_KEY = os.environ.get("E2B_API_KEY", "")
RUNGS = ("bubblewrap", "landlock", "plain")


@dataclass(frozen=True)
class Provider:
    """Where sandboxes come from, and the SDK's options for it."""

    rung: str
    options: dict[str, Any]
    endpoint: Endpoint | None = None

    @property
    def local(self) -> Endpoint:
        if self.endpoint is None:
            pytest.skip("looks behind the server's back, which the cloud does not allow")
        return self.endpoint

    async def create(self, **wanted: Any) -> AsyncSandbox:
        return await AsyncSandbox.create(**({"timeout": 120} | wanted), **self.options)

    async def connect(self, sandbox_id: str, **wanted: Any) -> AsyncSandbox:
        return await AsyncSandbox.connect(sandbox_id, **wanted, **self.options)


def options_for(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "api_key": endpoint.api_key,
        "api_url": endpoint.url,
        "sandbox_url": endpoint.url,
    }


@pytest.fixture(scope="session")
def open_directory() -> Iterator[Path]:
    """A directory that every user of this machine can pass, unlike pytest's own."""
    directory = Path(tempfile.mkdtemp(prefix="sandboxd-", dir="/tmp"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def providers(open_directory: Path) -> Iterator[dict[str, Provider]]:
    """Servers started so far, one for each rung, until the session ends."""
    with ExitStack() as running:
        yield _Providers(running, open_directory)


class _Providers(dict[str, Provider]):
    def __init__(self, running: ExitStack, directory: Path) -> None:
        super().__init__()
        self._running = running
        self._directory = directory

    def __missing__(self, rung: str) -> Provider:
        if rung == "cloud":
            if not CLOUD_KEY:
                pytest.skip("needs E2B_API_KEY")
            provider = Provider("cloud", {"api_key": CLOUD_KEY})
        else:
            self._require(rung)
            served = serving(self._directory / rung, "--isolation", rung, "--allow-plain")
            endpoint = self._running.enter_context(served)
            provider = Provider(rung, options_for(endpoint), endpoint)
        self[rung] = provider
        return provider

    def _require(self, rung: str) -> None:
        findings = isolation_report(self._directory / rung, allow_plain=True).findings
        found = next(finding for finding in findings if finding.name == rung)
        if not found.works:
            pytest.skip(f"{rung}: {found.detail}")


CLOUD = pytest.param("cloud", marks=pytest.mark.live)


@pytest.fixture(params=[*RUNGS, CLOUD])
def provider(request: pytest.FixtureRequest, providers: dict[str, Provider]) -> Provider:
    """Each provider in turn, for what depends on how a sandbox is held."""
    return providers[request.param]


@pytest.fixture(params=["best", CLOUD])
def reference(request: pytest.FixtureRequest, providers: dict[str, Provider]) -> Provider:
    """The strongest rung that works here, then the cloud, for what all rungs share."""
    return providers[_best() if request.param == "best" else request.param]


@pytest.fixture
def best(providers: dict[str, Provider]) -> Provider:
    """The server on the strongest rung that works here."""
    return providers[_best()]


def _best() -> str:
    return isolation_report(Path("/tmp/any"), allow_plain=True).chosen or "plain"


@pytest.fixture
async def sandbox(provider: Provider) -> AsyncIterator[AsyncSandbox]:
    """A fresh sandbox of each provider."""
    made = await provider.create()
    yield made
    await made.kill()


@pytest.fixture
async def single(reference: Provider) -> AsyncIterator[AsyncSandbox]:
    """A fresh sandbox of the strongest rung, or of the cloud."""
    made = await reference.create()
    yield made
    await made.kill()


@pytest.fixture
def wire(best: Provider) -> Iterator[Wire]:
    opened = Wire(best.local)
    yield opened
    for sandbox_id in opened.made:
        opened.ask("DELETE", f"/sandboxes/{sandbox_id}")
