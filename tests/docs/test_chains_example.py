"""The example of chains is valid, and begins with what its text says."""

from datetime import UTC, datetime
from pathlib import Path

from courier.engine.passes.preview import read_files
from courier.planning.documents.manifest import Schemas
from courier.planning.observed.observed import Observed
from courier.planning.plan import StartRun
from courier.planning.planner import plan
from courier.shipped import schema_text

EXAMPLE = Path(__file__).parents[2] / "examples" / "chains"


def test_the_example_begins_one_part_of_each() -> None:
    paths = [path for path in (EXAMPLE / ".courier").rglob("*.yaml") if path.is_file()]
    contents = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in paths}
    reading = read_files(contents, Schemas(schema_text))
    assert reading.diagnostics == ()
    seen = Observed(branch="main", commit="1" * 40)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    found = plan(reading.catalog, seen, now=now, drivers={"claude"})
    starts = {action.run for action in found.actions if isinstance(action, StartRun)}
    assert starts == {"leaked-handle.issue", "backlog.slow-search.chain", "roadmap.sign-in.sprint"}
    assert found.held == ()
