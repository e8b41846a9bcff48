"""Sandboxes of the embedded server, and of the cloud when there is a key."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from courier.ports.clock import Clock
from courier.ports.sandboxes import Sandbox, Sandboxes, SandboxSpec
from courier.sandboxes.e2b import E2BSandboxes
from courier.system import SystemClock
from tests.fakes.embedded import Endpoint, serving

CLOUD_KEY = os.environ.get("E2B_API_KEY", "")

Opener = Callable[..., Awaitable[Sandbox]]


def embedded(
    endpoint: Endpoint, *, url: str | None = None, clock: Clock | None = None
) -> E2BSandboxes:
    """Return the provider on the embedded server, perhaps through another address."""
    at = url or endpoint.url
    return E2BSandboxes(
        api_key=endpoint.api_key,
        api_url=at,
        sandbox_url=at,
        clock=clock or SystemClock(),
        environ=os.environ,
    )


@pytest.fixture(scope="session")
def plain_sandboxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """The embedded server without isolation, as on a machine that has none to offer."""
    flags = ("--isolation", "plain", "--allow-plain")
    with serving(tmp_path_factory.mktemp("plain-sandboxd"), *flags) as endpoint:
        yield endpoint


@pytest.fixture(params=["isolated", "plain", pytest.param("cloud", marks=pytest.mark.live)])
def provider(request: pytest.FixtureRequest) -> Sandboxes:
    if request.param == "isolated":
        return embedded(request.getfixturevalue("sandboxd"))
    if request.param == "plain":
        return embedded(request.getfixturevalue("plain_sandboxd"))
    if not CLOUD_KEY:
        pytest.skip("E2B_API_KEY is not set")
    return E2BSandboxes(api_key=CLOUD_KEY, clock=SystemClock(), environ=os.environ)


@pytest.fixture
async def opened(provider: Sandboxes) -> AsyncIterator[Opener]:
    """Open sandboxes that are killed at the end of the test."""
    ids: list[str] = []

    async def open_one(**wanted: Any) -> Sandbox:
        spec = SandboxSpec(timeout_seconds=300)
        made = await provider.create(replace(spec, **wanted))
        ids.append(made.id)
        return made

    yield open_one
    for sandbox_id in ids:
        await provider.kill(sandbox_id)


@pytest.fixture
async def sandbox(opened: Opener) -> Sandbox:
    return await opened()
