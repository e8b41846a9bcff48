"""The example of issues is valid, and begins with what its text says."""

from datetime import UTC, datetime
from pathlib import Path

from courier.engine.passes.preview import read_files
from courier.planning.documents.manifest import Schemas
from courier.planning.observed.observed import Observed
from courier.planning.plan import StartRun
from courier.planning.planner import plan
from courier.shipped import schema_text

EXAMPLE = Path(__file__).parents[2] / "examples" / "issues"


def test_the_example_begins_what_is_due_and_tells_what_people_approved() -> None:
    paths = [path for path in (EXAMPLE / ".courier").rglob("*.yaml") if path.is_file()]
    contents = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in paths}
    reading = read_files(contents, Schemas(schema_text))
    assert reading.diagnostics == ()
    seen = Observed(branch="main", commit="1" * 40)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    found = plan(reading.catalog, seen, now=now, drivers={"claude", "shell"})
    starts = {each.run: each for each in found.actions if isinstance(each, StartRun)}
    names = [run.split(".")[0] for run in starts]
    assert names == ["backlog", "late-fees", "roadmap", "weekly-1"]
    inputs = {each.name: each.kind for each in starts["late-fees.issue"].frozen.inputs}
    assert inputs["weekly-1/highest-fee"] == "AnsweringSession"
    assert [task.task for task in found.tasks] == ["reread", "scan.weekly"]
    assert [(each.kind, each.reason) for each in found.held] == [("Merge", "Blocked")]
    assert starts["late-fees.issue"].frozen.extract == "always"
