"""The reference page is what schemas and examples say."""

import pytest

from courier.resources.names import KIND_NAMES
from courier.resources.reference import reference_text
from tests.unit.resources.reference_documents import ROOT, SCHEMAS, committed, example_text


def made() -> str:
    schemas = {path.name: committed(path.name) for path in SCHEMAS.glob("*.json")}
    return reference_text(schemas, {kind: example_text(kind) for kind in KIND_NAMES})


def test_committed_page_is_fresh(request: pytest.FixtureRequest) -> None:
    page = ROOT / "docs" / "resources.md"
    if request.config.getoption("--accept"):
        page.write_text(made(), "utf-8")
    assert page.read_text("utf-8") == made()


def test_page_has_every_kind() -> None:
    page = made()
    for kind in KIND_NAMES:
        section = page.partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
        assert "```yaml\napiVersion: courier/v1\n" in section
    assert "| `sandbox.memoryMB` | integer |" in page


def test_tables_have_three_columns() -> None:
    rows = [line for line in made().splitlines() if line.startswith("|")]
    assert len(rows) > 300
    assert all(line.count(" | ") == 2 for line in rows if not line.startswith("|---"))
