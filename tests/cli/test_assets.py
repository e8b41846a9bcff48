"""Assets shared between real repositories."""

import json
import os
from pathlib import Path
from shutil import which

import pytest

from courier.errors import Misconfigured
from courier.planning.catalog.sharing import Semver, parse_version, published, read_lock
from courier.planning.documents.references import Ref
from tests.cli.program import Said, courier
from tests.contracts.scratch import git, put

PERSONA = """\
---
type: reviewer
agent: claude
skills: [review]
context: [house]
---
Read it twice.
"""
SKILL = "---\nname: review\ndescription: How we review.\n---\nLook for {what}.\n"
SCRIPT = """\
# Counts lines.
apiVersion: courier/v1
kind: Script
metadata: {name: count}
spec: {when: context, file: .courier/scripts/count.sh}
"""
PROJECT = "apiVersion: courier/v1\nkind: Project\nmetadata: {name: a}\nspec: {}\n"
FILES = {
    ".courier/project.yaml": PROJECT,
    ".courier/personas/reader.md": PERSONA,
    ".courier/skills/review/SKILL.md": SKILL.format(what="bugs"),
    ".courier/skills/review/data/list.bin": "\x00\x01",
    ".courier/contexts/house.md": "We write plainly.\n",
    ".courier/many.yaml": SCRIPT + "---\n" + SCRIPT.replace("count", "other").split("\n", 1)[1],
    ".courier/scripts/count.sh": "wc -l *\n",
    ".courier/scripts/other.sh": "true\n",
}


def repository(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    git("init", "-q", "--bare", "-b", "main", str(folder / "origin.git"), cwd=folder)
    git("clone", "-q", str(folder / "origin.git"), str(folder / "clone"), cwd=folder)
    git("switch", "-q", "-c", "main", cwd=folder / "clone")
    publish(folder, files)
    return folder


def publish(folder: Path, files: dict[str, str]) -> None:
    put(folder / "clone", files)
    git("add", "-A", cwd=folder / "clone")
    git("commit", "-q", "-m", "Change", cwd=folder / "clone")
    git("push", "-q", "-u", "origin", "main", cwd=folder / "clone")


class Two:
    """A repository that shares, and one that takes."""

    def __init__(self, folder: Path) -> None:
        self.theirs = repository(folder / "theirs", FILES)
        mine = PROJECT.replace("name: a", "name: b")
        self.mine = repository(folder / "mine", {".courier/project.yaml": mine})
        self.root = self.mine / "clone"
        self.source = str(self.theirs / "origin.git")

    def share(self, *argv: str) -> Said:
        return courier("asset", "publish", *argv, cwd=self.theirs / "clone")

    def asset(self, *argv: str) -> Said:
        return courier("asset", *argv, cwd=self.root)


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path)


def test_a_persona_comes_with_all_it_stands_on_and_is_pinned(two: Two) -> None:
    assert two.share("persona/reader", "--version", "1.0.0").code == 0
    said = two.asset("add", two.source, "persona/reader")
    assert (said.code, said.out.splitlines()[0].startswith("Persona/reader 1.0.0 (")) == (0, True)
    assert "Skill/review 1.0.0" in said.out
    assert "brought along by Persona/reader" in said.out
    assert (two.root / ".courier/skills/review/data/list.bin").read_bytes() == b"\x00\x01"
    assert (two.root / ".courier/contexts/house.md").read_text() == "We write plainly.\n"
    assert courier("validate", cwd=two.root).code == 0
    locked = read_lock((two.root / ".courier/courier.lock").read_text())
    assert [str(each.ref) for each in locked] == ["Context/house", "Persona/reader", "Skill/review"]
    listed = two.asset("list")
    assert (listed.code, listed.out.count("as taken")) == (0, 3)


def test_updates_take_the_newest_version_and_remove_what_is_gone(two: Two) -> None:
    two.share("skill/review", "--version", "1.0.0")
    two.asset("add", two.source, "skill/review")
    assert "is the newest" in two.asset("update").out
    put(two.theirs / "clone", {".courier/skills/review/data/list.bin": None})
    publish(two.theirs, {".courier/skills/review/SKILL.md": SKILL.format(what="typos")})
    assert "is the newest" in two.asset("update").out, "what is not published does not count"
    two.share("skill/review", "--version", "v1.10.0")
    assert json.loads(two.asset("list", "--newest", "-o", "json").out)["assets"][0]["newest"] == (
        "1.10.0"
    )
    said = two.asset("update", "skill/review")
    assert "Skill/review 1.0.0 -> 1.10.0" in said.out
    assert "typos" in (two.root / ".courier/skills/review/SKILL.md").read_text()
    assert not (two.root / ".courier/skills/review/data/list.bin").exists()
    assert two.asset("update", "skill/review", "--version", "1.0.0").code == 0
    assert "bugs" in (two.root / ".courier/skills/review/SKILL.md").read_text()
    assert two.asset("list").code == 0


def test_each_repository_is_opened_once_for_all_its_assets(two: Two, tmp_path: Path) -> None:
    third = repository(tmp_path / "third", {".courier/contexts/tone.md": "Be kind.\n"})
    two.asset("add", two.source, "context/house")
    two.asset("add", str(third / "origin.git"), "context/tone")
    two.asset("add", two.source, "skill/review")
    publish(two.theirs, {".courier/contexts/house.md": "Well.\n", ".courier/skills/review/x": "x"})
    log, spy = tmp_path / "log", tmp_path / "bin/git"
    put(tmp_path, {"bin/git": f'#!/bin/sh\necho "$*" >>{log}\nexec {which("git")} "$@"\n'})
    spy.chmod(0o755)
    path = f"{spy.parent}:{os.environ['PATH']}"
    said = courier("asset", "update", cwd=two.root, PATH=path)
    assert said.code == 0, said
    assert said.out.count(" main -> main (") == 2
    assert "Context/tone main is the newest" in said.out
    fetches = [line for line in log.read_text().splitlines() if " fetch " in line]
    assert len(fetches) == 2, fetches
    assert "Context/house" in two.asset("list", "--newest").out


def test_errors_in_another_repository_are_told_with_its_name(two: Two) -> None:
    publish(two.theirs, {".courier/bad.yaml": PROJECT.replace("spec: {}", "spec: {agnet: x}")})
    said = two.asset("add", two.source, "context/house")
    assert said.code == 1
    assert ".courier/bad.yaml:4:8" in said.err
    assert f"problem(s) in {two.source} at " in said.err
    assert "Run `courier validate` there." in said.err


def test_what_was_changed_or_is_ones_own_is_not_overwritten(two: Two) -> None:
    put(two.root, {".courier/contexts/house.md": "We do as we please.\n"})
    said = two.asset("add", two.source, "context/house")
    assert (said.code, "in the way" in said.err) == (1, True)
    (two.root / ".courier/contexts/house.md").unlink()
    assert two.asset("add", two.source, "context/house", "--version", "main").code == 0
    put(two.root, {".courier/contexts/house.md": "We do as we please.\n"})
    listed = two.asset("list")
    assert (listed.code, "house.md was changed" in listed.out) == (1, True)
    publish(two.theirs, {".courier/contexts/house.md": "We write well.\n"})
    said = two.asset("update")
    assert (said.code, "was changed here" in said.err) == (1, True)
    assert (two.root / ".courier/contexts/house.md").read_text() == "We do as we please.\n"


def test_one_document_of_a_file_comes_alone_with_its_script(two: Two) -> None:
    said = two.asset("add", two.source, "script/count")
    assert said.code == 0, said
    assert "wrote .courier/scripts/count.yaml" in said.out
    assert (two.root / ".courier/scripts/count.yaml").read_text() == SCRIPT
    assert (two.root / ".courier/scripts/count.sh").read_text() == "wc -l *\n"
    assert not (two.root / ".courier/scripts/other.sh").exists()


def test_versions_are_only_published_once_and_upwards(two: Two) -> None:
    assert two.share("context/house", "--version", "1.2").code == 2
    assert two.share("project/a", "--version", "1.2.0").code == 2
    assert two.share("context/nothing", "--version", "1.2.0").code == 1
    assert two.share("context/house", "--version", "1.2.0").code == 0
    for version in ("1.2.0", "1.1.9"):
        said = two.share("context/house", "--version", version)
        assert (said.code, "published already" in said.err) == (1, True)
    tags = git("tag", "--list", cwd=two.theirs / "origin.git")
    assert tags == "courier/context/house/v1.2.0"


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("context/nothing",), "has no Context/nothing"),
        (("context/house", "--version", "9.9.9"), "has no version 9.9.9"),
        (("context/house", "--version", "no-branch"), "no such branch"),
        (("house",), "KIND/NAME"),
        (("run/fix",), "not shared"),
    ],
)
def test_what_is_not_there_is_told(two: Two, argv: tuple[str, ...], told: str) -> None:
    said = two.asset("add", two.source, *argv)
    assert said.code in (1, 2)
    assert told in said.err, said
    assert not (two.root / ".courier/courier.lock").exists()


def test_users_are_listed_with_their_places(two: Two) -> None:
    root = two.theirs / "clone"
    said = courier("refs", "skill/review", cwd=root)
    assert said.out == ".courier/personas/reader.md:4:10  Persona/reader  spec.skills.0\n"
    assert courier("refs", "agent/claude", cwd=root).out.count("Persona/reader") == 1
    assert courier("refs", "persona/reader", cwd=root).out == "Nobody uses Persona/reader.\n"
    told = json.loads(courier("refs", "context/house", "-o", "json", cwd=root).out)
    assert [user["document"] for user in told["users"]] == ["Persona/reader"]
    assert courier("refs", "skill/nothing", cwd=root).code == 1


def test_versions_are_numbers() -> None:
    assert parse_version("v1.2.3") == parse_version("1.2.3") == Semver(1, 2, 3)
    assert [parse_version(text) for text in ("1.2", "1.2.x", "", "main")] == [None] * 4
    ref = Ref("Skill", "review")
    tags = {f"courier/skill/review/v{v}": v for v in ("1.9.0", "1.10.0", "x")} | {"v1": ""}
    assert list(published(ref, tags).values()) == ["1.10.0", "1.9.0"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"lockVersion": 2, "assets": []}'])
def test_a_broken_lock_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"courier\.lock"):
        read_lock(text)
