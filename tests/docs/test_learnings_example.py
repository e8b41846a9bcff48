"""The example of learnings is valid, and its run is told what its text says."""

from datetime import UTC, date, datetime
from pathlib import Path

from courier.engine.passes.preview import read_files
from courier.planning.catalog.learnings import ObservedLearnings
from courier.planning.documents.manifest import Schemas
from courier.planning.documents.references import Ref
from courier.planning.learned.planner import asked_model
from courier.planning.observed.observed import Observed, fold
from courier.planning.plan import StartRun
from courier.planning.planner import plan
from courier.shipped import schema_text

EXAMPLE = Path(__file__).parents[2] / "examples" / "learnings"


def test_the_example_is_valid_and_tells_each_step_its_own() -> None:
    paths = [path for path in (EXAMPLE / ".courier").rglob("*.*") if path.is_file()]
    contents = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in paths}
    reading = read_files(contents, Schemas(schema_text))
    assert reading.diagnostics == ()
    seen = Observed(
        branch="main",
        commit="c" * 40,
        records=fold([]),
        learnings=ObservedLearnings(date(2026, 11, 21)),
    )
    now = datetime(2026, 11, 21, tzinfo=UTC)
    found = plan(reading.catalog, seen, now=now, drivers={"claude", "shell"})
    assert found.held == ()
    (start,) = (action for action in found.actions if isinstance(action, StartRun))
    told = {
        step.name: [one.name for one in step.learnings.lessons]
        for step in start.frozen.steps
        if step.learnings is not None
    }
    assert told == {"design": ["freeze-time", "old-prices"], "check": ["freeze-time"]}
    design = start.frozen.steps[0].learnings
    assert design is not None
    assert [(one.because, one.names) for one in design.left_out] == [("paths", ("try-commands",))]
    asked = asked_model(reading.catalog, Ref("Project", "shop"))
    assert asked == "anthropic/claude-haiku-4-5"
