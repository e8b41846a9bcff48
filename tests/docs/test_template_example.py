"""The example of templates is valid, and plans as its text says."""

from datetime import UTC, datetime
from pathlib import Path

from courier.cli.views.plan_view import to_text
from courier.engine.passes.preview import read_files
from courier.planning.documents.manifest import Schemas
from courier.planning.observed.observed import Observed, fold
from courier.planning.planner import plan
from courier.shipped import schema_text

EXAMPLE = Path(__file__).parents[2] / "examples" / "templates"


def test_the_example_is_valid_and_its_machines_are_told() -> None:
    paths = [path for path in (EXAMPLE / ".courier").rglob("*.*") if path.is_file()]
    contents = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in paths}
    reading = read_files(contents, Schemas(schema_text))
    assert reading.diagnostics == ()
    seen = Observed(branch="main", commit="c" * 40, repository="r", records=fold([]))
    now = datetime(2026, 11, 21, tzinfo=UTC)
    found = plan(reading.catalog, seen, now=now, drivers={"claude", "shell"})
    assert found.held == ()
    machines = [
        line.split("machine")[1].strip()
        for line in to_text(found).splitlines()
        if "machine" in line
    ]
    assert machines == [
        "tools (built once unless it is there: 3 commands), 2 CPUs, 1024 MB",
        "tools (built once unless it is there: 3 commands), 2 CPUs, 4096 MB",
    ]
