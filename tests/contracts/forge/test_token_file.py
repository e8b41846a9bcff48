"""The token git proves itself with: a file of its owner's for as long as courier runs."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from courier.errors import CourierError
from courier.forges.github import Limits
from courier.settings import Home, Settings
from courier.storage.mirror import Mirror
from courier.system import EnvironmentSecrets, SystemClock
from courier.wiring.forges import GitHubPlace
from tests.contracts.forge.test_github_app import pem_and_check
from tests.contracts.scratch import make_scratch
from tests.fakes.github.hosting import Hosting, hosting
from tests.fakes.github.hub import TOKEN, Access

PATH = {"PATH": os.environ["PATH"]}


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Hosting]:
    scratch = make_scratch(tmp_path)
    scratch.commit({"a": "b"})
    scratch.push()
    with hosting(tmp_path / "github", scratch.origin) as found:
        yield found


def place_of(
    host: Hosting, folder: Path, secrets: EnvironmentSecrets, *, app: str | None = None
) -> GitHubPlace:
    settings = Settings(folder, "embedded", has_github=True, github_app=app)
    home = Home(host.remote, folder / "repo")
    return GitHubPlace(home, settings, secrets, SystemClock(), Limits())


def holds(token: str) -> EnvironmentSecrets:
    return EnvironmentSecrets({"GITHUB_TOKEN": token})


def files(folder: Path) -> list[Path]:
    return sorted((folder / "repo" / "tokens").glob("*"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def processes() -> list[bytes]:
    """Return what anybody may see of every process: how it was called, and its environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.append((folder / "cmdline").read_bytes() + (folder / "environ").read_bytes())
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc")
async def test_git_fetches_and_pushes_with_it_and_nobody_sees_it(
    host: Hosting, tmp_path: Path
) -> None:
    seen: list[bytes] = []
    host.hub.reached = lambda: seen.extend(processes())
    place = place_of(host, tmp_path, holds(TOKEN))
    async with place.opened():
        (file,) = files(tmp_path)
        assert (mode(file), mode(file.parent)) == (0o600, 0o700)
        assert file.read_text() == TOKEN
        mirror = Mirror(
            tmp_path / "mirror",
            remote=host.remote,
            clock=SystemClock(),
            credentials=place.credentials(PATH),
        )
        await mirror.open()
        await mirror.fetch()
        head = await mirror.head()
        await mirror.push(head.commit, branch="more", expected=None)
        await mirror.close()
    assert any(b"git" in one and b"COURIER_GIT_TOKEN_FILE" in one for one in seen)
    assert not [one for one in seen if TOKEN.encode() in one]
    assert files(tmp_path) == []
    everywhere = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in everywhere if TOKEN.encode() in path.read_bytes()]


async def test_what_a_killed_process_left_goes_and_what_others_hold_stays(
    host: Hosting, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    dead, folder = done.stdout.decode().strip(), tmp_path / "repo" / "tokens"
    folder.mkdir(parents=True)
    for name in (dead, f"{dead}.new", "1", f"{os.getpid()}.new"):
        (folder / name).write_text("ghp_left_behind")
        (folder / name).chmod(0o644)
    async with place_of(host, tmp_path, holds(TOKEN)).opened():
        assert [path.name for path in files(tmp_path)] == sorted(["1", str(os.getpid())])
        assert mode(folder / str(os.getpid())) == 0o600
    assert [path.name for path in files(tmp_path)] == ["1"]


async def test_without_a_token_there_is_no_file_and_git_is_not_let_in(
    host: Hosting, tmp_path: Path
) -> None:
    place = place_of(host, tmp_path, EnvironmentSecrets({}))
    async with place.opened():
        assert files(tmp_path) == []
        mirror = Mirror(
            tmp_path / "mirror",
            remote=host.remote,
            clock=SystemClock(),
            credentials=place.credentials(PATH),
        )
        await mirror.open()
        with pytest.raises(CourierError):
            await mirror.fetch()
        await mirror.close()


async def test_a_token_that_may_only_read_fetches_and_does_not_push(
    host: Hosting, tmp_path: Path
) -> None:
    host.hub.tokens["ghp_reads"] = Access("ada", {"contents": "read", "metadata": "read"})
    place = place_of(host, tmp_path, holds("ghp_reads"))
    async with place.opened():
        mirror = Mirror(
            tmp_path / "mirror",
            remote=host.remote,
            clock=SystemClock(),
            credentials=place.credentials(PATH),
        )
        await mirror.open()
        await mirror.fetch()
        with pytest.raises(CourierError) as refused:
            await mirror.push((await mirror.head()).commit, branch="more", expected=None)
        assert "ghp_reads" not in str(refused.value)
        await mirror.close()


async def test_of_an_app_the_token_it_was_given_is_the_file_and_is_redacted(
    host: Hosting, tmp_path: Path
) -> None:
    pem, is_signed = pem_and_check()
    host.hub.app = ("123", is_signed)
    secrets = EnvironmentSecrets({"GITHUB_APP_PRIVATE_KEY": pem})
    async with place_of(host, tmp_path, secrets, app="123").opened():
        (file,) = files(tmp_path)
        token = file.read_text()
        assert host.hub.tokens[token].login == "the-app[bot]"
        assert mode(file) == 0o600
        assert secrets.redact(f"fatal: {token}!") == "fatal: [secret GITHUB_APP_TOKEN]!"
    assert files(tmp_path) == []
