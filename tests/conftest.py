"""What every test shares: golden files that can be accepted, and nothing of this machine."""

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.fakes.embedded import Endpoint, serving

if TYPE_CHECKING:
    from tests.fakes.postgres import Server

FOREIGN = ("OTEL_", "GIT_", "GITHUB_", "COURIER_", "E2B_")
"""Variables of the person who runs the tests that would change what they do."""


# A machine that decides about others' work must not throw dice; people's machines look further.
settings.register_profile("decided", derandomize=True, deadline=None)
settings.register_profile("free", deadline=None)
settings.load_profile("decided" if os.environ.get("CI") else "free")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite golden files as they are now")


def pytest_configure() -> None:
    # A shell starts what runs in its background deaf to Ctrl-C, and so would be all it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_machine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the person's home, git and courier settings out of every test."""
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    for name, folder in (("HOME", home), ("XDG_CONFIG_HOME", home / ".config")):
        monkeypatch.setenv(name, str(folder))
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture
def git_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every commit of this test the same author and dates."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.com")
        monkeypatch.setenv(f"GIT_{role}_DATE", "2026-01-02T03:04:05Z")


@pytest.fixture(scope="session")
def sandboxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """The embedded server, one for the whole test session, on the best isolation there is."""
    with serving(tmp_path_factory.mktemp("sandboxd"), "--allow-plain") as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def postgres() -> Iterator["Server"]:
    """A real PostgreSQL, one for the whole test session."""
    from tests.fakes.postgres import serving as serving_postgres

    with serving_postgres("fsync=off", "max_connections=300") as server:
        yield server
