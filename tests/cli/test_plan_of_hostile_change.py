"""Pull requests that mean ill: whatever their files are, a plan is told or a mistake, soon."""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.program import courier, repository
from tests.cli.test_plan_on_pull_request import BASE, RUN
from tests.contracts.scratch import git, put

CANARY = "canary-of-the-machine-2b9e"
SCRIPT = """\
apiVersion: courier/v1
kind: Script
metadata: {name: spy}
spec: {when: preRun, file: FILE}
"""
USED = BASE.replace("agent: claude\n", "agent: claude\n      scripts: [spy]\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "machine").mkdir()
    (tmp_path / "machine" / "secret.yaml").write_text(f"kind: {CANARY}\n{CANARY}: [\n")
    found = repository(tmp_path, {".courier/all.yaml": BASE})
    git("branch", "base", cwd=found)
    return found


def link(root: Path, name: str, to: str) -> None:
    (root / ".courier" / name).parent.mkdir(parents=True, exist_ok=True)
    (root / ".courier" / name).symlink_to(to)


def link_to_a_file(root: Path) -> None:
    link(root, "secret.yaml", "../../machine/secret.yaml")


def link_to_a_folder(root: Path) -> None:
    link(root, "workflows", "../../machine")


def link_to_a_device(root: Path) -> None:
    link(root, "zero.yaml", "/dev/zero")


def links_in_a_circle(root: Path) -> None:
    link(root, "a.yaml", "b.yaml")
    link(root, "b.yaml", "a.yaml")


def script_behind_a_link(root: Path) -> None:
    link(root, "scripts", "../../machine")
    spy = SCRIPT.replace("FILE", ".courier/scripts/secret.yaml")
    put(root, {".courier/all.yaml": f"{USED}---\n{spy}"})


def script_that_is_a_link(root: Path) -> None:
    link(root, "scripts/spy.sh", "../../../machine/secret.yaml")
    spy = SCRIPT.replace("FILE", ".courier/scripts/spy.sh")
    put(root, {".courier/all.yaml": f"{USED}---\n{spy}"})


def script_that_escapes(root: Path) -> None:
    spy = SCRIPT.replace("FILE", "../machine/secret.yaml")
    put(root, {".courier/all.yaml": f"{USED}---\n{spy}"})


def script_with_an_absolute_path(root: Path) -> None:
    spy = SCRIPT.replace("FILE", str(root.parent / "machine" / "secret.yaml"))
    put(root, {".courier/all.yaml": f"{USED}---\n{spy}"})


def folder_that_is_a_link(root: Path) -> None:
    git("rm", "-rq", ".courier", cwd=root)
    (root / ".courier").symlink_to("../machine")


def many_aliases(root: Path) -> None:
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    put(root, {".courier/bomb.yaml": "a0: &a0 [x]\n" + "\n".join(rows) + "\n"})


def many_brackets(root: Path) -> None:
    put(root, {".courier/deep.yaml": "[" * 200_000})


def large_file(root: Path) -> None:
    put(root, {".courier/large.yaml": "# x\n" * 5_000_000})


def many_files(root: Path) -> None:
    put(root, {f".courier/many/{n}.yaml": RUN.replace("NAME", f"run-{n}") for n in range(900)})


def many_documents(root: Path) -> None:
    text = "---\n".join(RUN.replace("NAME", f"run-{n}") for n in range(2_000))
    put(root, {".courier/many.yaml": text})


def hostile_names(root: Path) -> None:
    names = ["a\nb.yaml", "`x` <img>.yaml", "$(touch pwned).yaml", "-rf.yaml", "\u202egpj.yaml"]
    put(root, {f".courier/{name}": "kind: [" for name in names})
    no_text = root / ".courier" / os.fsdecode(b"\xff\xfe")
    no_text.mkdir()
    (no_text / "x.yaml").write_text("{")


def no_text(root: Path) -> None:
    put(root, {".courier/binary.yaml": bytes(range(256)) * 100})


def tags(root: Path) -> None:
    text = "!!python/object/apply:os.system ['touch pwned']\n"
    put(root, {".courier/tags.yaml": text})


HOSTILE = [
    link_to_a_file,
    link_to_a_folder,
    link_to_a_device,
    links_in_a_circle,
    script_behind_a_link,
    script_that_is_a_link,
    script_that_escapes,
    script_with_an_absolute_path,
    folder_that_is_a_link,
    many_aliases,
    many_brackets,
    large_file,
    many_files,
    many_documents,
    hostile_names,
    no_text,
    tags,
]


@pytest.mark.slow
@pytest.mark.parametrize("change", HOSTILE)
def test_a_hostile_change_is_told_and_does_nothing(
    root: Path, change: Callable[[Path], None]
) -> None:
    change(root)
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "Mean ill", cwd=root)
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = courier("plan", "--base", "base", "--detailed-exitcode", cwd=root)
    took = time.monotonic() - begun
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert said.code in (0, 1, 2)
    assert said.out.startswith("<!-- courier-plan -->\n")
    assert len(said.out) <= 60_000
    assert CANARY not in said.out + said.err
    assert not list(root.rglob("pwned"))
    assert "\u202e" not in said.out
    assert took < 30
    assert grown < 300_000
