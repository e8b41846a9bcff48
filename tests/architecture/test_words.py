"""One word per thing, everywhere: names in the code keep to the words table."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "courier").rglob("*.py"))

BANNED = {
    "utils": "say what it is about",
    "util": "say what it is about",
    "helper": "say what it does",
    "helpers": "say what they do",
    "manager": "name the thing or the act",
    "handler": "name the thing or the act",
    "wrapper": "say AgentDriver, or what it really is",
    "common": "say what it is about",
    "misc": "say what it is about",
    "job": "say Run or Process",
    "jobs": "say Run or Process",
    "workitem": "say Run",
}


def words_of(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_keep_to_the_words_table(path: Path) -> None:
    names = {path.stem}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
    found = {f"{name}: {BANNED[word]}" for name in names for word in words_of(name) & BANNED.keys()}
    assert not found
