"""The example of candidates is valid, and plans as its text says."""

from datetime import UTC, datetime
from pathlib import Path

from courier.engine.passes.preview import read_files
from courier.planning.documents.manifest import Schemas
from courier.planning.observed.observed import Observed, fold
from courier.planning.plan import StartRun
from courier.planning.planner import plan
from courier.runs.run.candidates import candidate_plans
from courier.shipped import schema_text

EXAMPLE = Path(__file__).parents[2] / "examples" / "candidates"


def test_the_example_is_valid_and_its_run_would_start_with_three_agents() -> None:
    paths = [path for path in (EXAMPLE / ".courier").rglob("*.*") if path.is_file()]
    contents = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in paths}
    reading = read_files(contents, Schemas(schema_text))
    (warned,) = reading.diagnostics
    assert warned.detail.startswith('Agent "codex" has no report of what it cost; these have it:')
    assert str(warned.position).endswith("best-of-three.yaml:30:11")
    seen = Observed(branch="main", commit="c" * 40, repository="r", records=fold([]))
    now = datetime(2026, 11, 21, tzinfo=UTC)
    drivers = {"claude", "codex", "opencode", "shell"}
    found = plan(reading.catalog, seen, now=now, drivers=drivers)
    assert found.held == ()
    (start,) = (action for action in found.actions if isinstance(action, StartRun))
    agents = [each.steps[0].agent for each in start.frozen.candidates]
    assert agents == ["claude", "codex", "opencode"]
    assert {str(part.budget_usd) for part in candidate_plans(start.frozen)} == {"2.0000"}
    assert [step.name for step in start.frozen.steps] == ["judge", "polish"]
