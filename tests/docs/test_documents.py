"""What the documentation tells people to type and to write is right."""

import re
from pathlib import Path

import pytest

from courier.diagnostics import has_errors
from courier.engine.passes.preview import read_files
from courier.planning.documents.manifest import Schemas
from courier.shipped import schema_text
from tests.docs.test_commands_page import check_line

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md"]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (?:[A-Z_]+=\S+ )*courier (.+?)(?:\s+#.*|\s*[|&>].*)?$", re.MULTILINE)
WHOLE = re.compile(r"^apiVersion: courier/v1$", re.MULTILINE)


def blocks(language: str) -> list[tuple[str, str]]:
    return [
        (f"{page.name}:{page.read_text()[: found.start()].count(chr(10)) + 1}", found[2])
        for page in PAGES
        for found in BLOCK.finditer(page.read_text())
        if found[1] == language
    ]


def test_pages_show_commands_and_documents() -> None:
    assert blocks("console")
    assert len(blocks("yaml")) > 20


@pytest.mark.parametrize(("place", "text"), blocks("console"), ids=lambda text: text[:24])
def test_commands_parse(place: str, text: str) -> None:
    for words in COMMAND.findall(text):
        check_line(words, at=place)


@pytest.mark.parametrize(("place", "text"), blocks("yaml"), ids=lambda text: text[:24])
def test_documents_are_valid_by_themselves(place: str, text: str) -> None:
    if not WHOLE.search(text):
        return
    reading = read_files({".courier/shown.yaml": text.encode()}, Schemas(schema_text))
    alone = [found for found in reading.diagnostics if found.code not in NEEDS_OTHERS]
    assert not has_errors(alone), f"{place}: {[str(found) for found in alone]}"


NEEDS_OTHERS = frozenset({"UnknownReference", "ProjectMissing", "NoProject", "ProjectUnclear"})
"""What is wrong only because a page does not show every document."""


def test_make_targets_the_readme_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"\$ make (\w+)", (ROOT / "README.md").read_text()):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
