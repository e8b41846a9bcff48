"""What `courier doctor` finds out about GitHub: a good token, a bad one, one that is too weak."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.place import PROJECT
from tests.cli.program import Said, courier, repository
from tests.contracts.scratch import git
from tests.fakes.github.hosting import Hosting, hosting
from tests.fakes.github.hub import TOKEN, Access

READS = {
    "actions": "read",
    "checks": "read",
    "contents": "read",
    "metadata": "read",
    "pull_requests": "read",
    "statuses": "read",
}
ON_GITHUB = PROJECT + "  repository: {forge: github}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A person's clone of a repository that is on the fake GitHub."""
    made = repository(tmp_path, {".courier/project.yaml": ON_GITHUB})
    git("clone", "-q", "--bare", str(made), str(tmp_path / "origin.git"), cwd=tmp_path)
    return made


@pytest.fixture
def host(root: Path, tmp_path: Path) -> Iterator[Hosting]:
    with hosting(tmp_path / "github", tmp_path / "origin.git") as found:
        git("remote", "add", "origin", found.remote, cwd=root)
        yield found


def looked(root: Path, **variables: str) -> tuple[Said, dict[str, dict[str, str]]]:
    """Return what is found out about GitHub, by name."""
    said = courier("doctor", "-o", "json", cwd=root, COURIER_ALLOW_PLAIN="1", **variables)
    checks = json.loads(said.out)["checks"]
    return said, {one["name"]: one for one in checks if one["name"].startswith("github")}


def test_a_good_token_is_all_it_takes_and_is_kept_nowhere(root: Path, host: Hosting) -> None:
    said, found = looked(root, GITHUB_TOKEN=TOKEN)
    assert said.code == 0
    assert {name: one["status"] for name, one in found.items()} == {"github": "ok"}
    assert found["github"]["message"] == f"{host.hub.url}/acme/demo, with a token"
    assert TOKEN not in said.out + said.err
    state = root.parent / "state"
    kept = [path for path in state.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]
    assert [*state.rglob("tokens/*")] == []


def test_a_bad_token_is_said_to_be_one(root: Path, host: Hosting) -> None:
    said, found = looked(root, GITHUB_TOKEN="ghp_nobody_knows_this_one")
    assert (said.code, found["github"]["status"]) == (1, "error")
    assert "does not take the token" in found["github"]["message"]
    assert "Give courier one that holds" in found["github"]["nextStep"]
    assert "ghp_nobody" not in said.out + said.err


@pytest.mark.parametrize("lacks", ["pull_requests", "checks", "statuses", "actions"])
def test_each_permission_that_is_missing_is_named(root: Path, host: Hosting, lacks: str) -> None:
    held = {name: level for name, level in READS.items() if name != lacks}
    host.hub.tokens["ghp_less"] = Access("ada", held)
    _, found = looked(root, GITHUB_TOKEN="ghp_less")
    assert found["github"]["status"] == "ok"
    assert f"{lacks}=" in found[f"github {lacks}"]["message"]
    assert "docs/github.md" in found[f"github {lacks}"]["nextStep"]
    assert set(found) == {"github", "github contents", f"github {lacks}"}, "nor may it push"


def test_a_github_that_cannot_be_reached_is_told_and_the_rest_is_looked_at(root: Path) -> None:
    git("remote", "add", "origin", "http://127.0.0.1:9/acme/demo.git", cwd=root)
    said, found = looked(root, GITHUB_TOKEN=TOKEN)
    told = {one["name"]: one for one in json.loads(said.out)["checks"]}
    assert "does not answer" in found["github"]["message"]
    assert told["git"]["status"] == "ok"
    assert told["remote"]["status"] != "ok"
    assert TOKEN not in said.out + said.err
