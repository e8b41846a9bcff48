"""`courier template`: what documents describe, and building one ahead of time."""

import json
from pathlib import Path

import pytest

from courier.sandboxd.launcher import stop
from tests.cli.program import courier, repository
from tests.contracts.scratch import git, put

FILES = {
    ".courier/project.yaml": (
        "apiVersion: courier/v1\nkind: Project\nmetadata: {name: demo}\nspec: {}\n"
    ),
    ".courier/tools.yaml": (
        "apiVersion: courier/v1\nkind: Template\nmetadata: {name: tools}\n"
        "spec: {cpu: 1, setup: [echo made > made]}\n"
    ),
    ".courier/broken.yaml": (
        "apiVersion: courier/v1\nkind: Template\nmetadata: {name: broken}\n"
        "spec: {setup: [echo no such tool; exit 5]}\n"
    ),
}
STRANGE = (
    "apiVersion: courier/v1\nkind: Template\nmetadata: {name: strange}\nspec: {agents: [coddex]}\n"
)


@pytest.mark.slow
def test_templates_are_listed_and_built(tmp_path: Path) -> None:
    root = tmp_path / "clone"
    git("init", "-q", "--bare", "-b", "main", str(tmp_path / "origin.git"), cwd=tmp_path)
    git("clone", "-q", str(tmp_path / "origin.git"), str(root), cwd=tmp_path)
    git("switch", "-q", "-c", "main", cwd=root)
    put(root, FILES)
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "Begin", cwd=root)
    git("push", "-q", "-u", "origin", "main", cwd=root)

    def run(*argv: str) -> tuple[int, str, str]:
        return courier(*argv, cwd=root, COURIER_ALLOW_PLAIN="1")

    code, out, _ = run("template", "list")
    assert code == 0
    assert "tools   tools (built once unless it is there: 1 command), 1 CPU" in out
    listed = json.loads(run("template", "list", "-o", "json")[1])["templates"]
    assert listed["tools"]["prepared"]["commands"] == ["echo made > made"]
    try:
        first = run("template", "build", "tools")
        assert (first[0], first[1].startswith("courier-tools-")) == (0, True), first
        assert run("template", "build", "tools") == first
        code, _, err = run("template", "build", "broken")
        assert code == 1
        for words in (
            "Template/broken (.courier/broken.yaml:1:1)",
            "exit status 5",
            "no such tool",
        ):
            assert words in err
        assert run("template", "build", "nope")[0] == 1
    finally:
        stop(tmp_path / "state" / "sandboxd", kill_sandboxes=True)


def test_an_agent_nobody_knows_is_told_with_its_place(tmp_path: Path) -> None:
    git("init", "-q", "--bare", "-b", "main", str(tmp_path / "origin.git"), cwd=tmp_path)
    root = repository(tmp_path, {**FILES, ".courier/strange.yaml": STRANGE})
    git("remote", "add", "origin", str(tmp_path / "origin.git"), cwd=root)
    code, _, err = courier("template", "build", "strange", cwd=root)
    assert code == 1
    assert ".courier/strange.yaml:4:17" in err
    assert 'There is no Agent "coddex". Did you mean "codex"?' in err
