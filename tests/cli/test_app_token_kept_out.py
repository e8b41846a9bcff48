"""A GitHub App's token is fetched while courier runs, and yet nothing that is kept holds it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from tests.cli.place import PROJECT, WORKFLOW, Place, asked
from tests.contracts.forge.test_github_app import pem_and_check
from tests.contracts.scratch import git
from tests.fakes.github import Fault
from tests.fakes.github.hosting import Hosting, hosting

pytestmark = pytest.mark.slow

FIRST, LAST = "ghs_fetchedWhile", "CourierRuns0123456789"
TOKEN = FIRST + LAST
TELLS = WORKFLOW.replace(
    'echo "Hello from the sandbox." | tee hello.txt',
    f"printf 'It is %s%s!\\n' {FIRST} {LAST}; echo x > hello.txt",
)
ON_GITHUB = PROJECT + "  repository: {forge: github}\n"


@pytest.fixture
def host(place: Place, tmp_path: Path) -> Iterator[Hosting]:
    files = {"project.yaml": ON_GITHUB, "write.yaml": TELLS, "runs/one.yaml": asked("one")}
    place.publish({f".courier/{name}": text for name, text in files.items()})
    with hosting(tmp_path / "github", tmp_path / "origin.git") as found:
        git("remote", "set-url", "origin", found.remote, cwd=place.root)
        found.hub.mint = lambda _asked: TOKEN
        yield found


def everything(place: Place) -> Iterator[tuple[str, bytes]]:
    """Yield all that is kept: every file of the state folder, every object of the repository."""
    for path in (place.folder / "state").rglob("*"):
        if path.is_file() and "sandboxd" not in path.parts:
            yield str(path), path.read_bytes()
    origin = ["git", "-C", str(place.folder / "origin.git")]
    listed = ["cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)"]
    found = subprocess.run([*origin, *listed], capture_output=True, text=True, check=True).stdout
    for line in found.splitlines():
        name, kind = line.split()
        told = subprocess.run([*origin, "cat-file", kind, name], capture_output=True, check=True)
        content = told.stdout
        if content.startswith(zstandard.FRAME_HEADER):
            content = zstandard.ZstdDecompressor().decompress(content, max_output_size=1 << 24)
        yield name, content


def test_what_an_agent_or_github_says_of_it_is_kept_without_it(place: Place, host: Hosting) -> None:
    pem, is_signed = pem_and_check()
    host.hub.app = ("123", is_signed)
    told = f"It is {TOKEN}, they say."
    host.hub.faults = [Fault("422", match="POST /api/v3/repos/acme/demo/pulls", message=told)]
    said = place.courier("apply", "--wait", GITHUB_APP_ID="123", GITHUB_APP_PRIVATE_KEY=pem)
    assert TOKEN in host.hub.tokens
    assert TOKEN not in said.out + said.err
    kept = list(everything(place))
    assert not [name for name, content in kept if TOKEN.encode() in content]
    assert not [name for name, content in kept if pem.splitlines()[2].encode() in content]
    redacted = [name for name, content in kept if b"It is [secret GITHUB_APP_TOKEN]!" in content]
    assert redacted, "what the agent said is kept"
    declined = [name for name, each in kept if b"It is [secret GITHUB_APP_TOKEN], they" in each]
    assert declined, "and what GitHub said"
