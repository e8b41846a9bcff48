"""What is asked for most often loads next to nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.planning.catalogs import document

HEAVY = {
    "asyncio",
    "click",
    "dataclasses",
    "e2b",
    "email.utils",
    "git",
    "hashlib",
    "httpx",
    "importlib.metadata",
    "inspect",
    "json",
    "jsonschema_rs",
    "logging",
    "pathlib",
    "pydantic",
    "sqlite3",
    "subprocess",
    "yaml",
    "yaml_rs",
}
READING = {"hashlib", "json", "jsonschema_rs", "yaml_rs"}
"""What reading documents needs that were not read before."""

SCRIPT = """
import os, sys
before = set(sys.modules)
def told(code):
    os.write(3, "\\n".join(set(sys.modules) - before).encode())
os._exit = told
sys.argv = ["courier", *sys.argv[1:]]
from courier.__main__ import main
try:
    main()
except BaseException:
    pass
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".courier").mkdir()
    (tmp_path / ".courier/p.yaml").write_text(document("Project", "p"))
    (tmp_path / "home").mkdir()
    return tmp_path


def loaded(root: Path, *words: str) -> set[str]:
    words = ("-c", f"exec({SCRIPT!r})", *words)
    listing = root / "modules"
    with listing.open("w") as file:
        subprocess.run(
            ["/bin/sh", "-c", f'exec "$@" 3>{listing}', "sh", sys.executable, "-I", *words],
            cwd=root,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=file,
            env={"PATH": "/usr/bin:/bin", "HOME": str(root / "home")},
        )
    return set(listing.read_text().splitlines())


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), ("validate", "--help"), ("validate", "-h")]
)
def test_help_and_version_load_nothing(root: Path, words: tuple[str, ...]) -> None:
    found = loaded(root, *words)
    assert "courier.__main__" in found
    assert not found & HEAVY
    assert {name for name in found if name.startswith("courier.")} == {"courier.__main__"}


def test_validate_loads_what_reads_documents(root: Path) -> None:
    found = loaded(root, "validate")
    assert {"yaml_rs", "jsonschema_rs"} <= found
    assert not found & (HEAVY - READING)


def test_validate_of_an_unchanged_tree_loads_no_reader(root: Path) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", ".courier"], [*who, "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    loaded(root, "validate")
    found = loaded(root, "validate")
    assert "courier.storage.validation" in found
    assert not found & HEAVY


def test_the_listing_is_not_empty(root: Path) -> None:
    assert json.dumps(sorted(loaded(root, "--version"))).count(",") >= 1
