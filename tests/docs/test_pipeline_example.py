"""The example of pipelines is valid, and plans as its text says."""

from datetime import UTC, datetime
from pathlib import Path

from courier.engine.passes.preview import read_files
from courier.planning.documents.manifest import Schemas
from courier.planning.observed.observed import Observed, fold
from courier.planning.plan import StartRun
from courier.planning.planner import plan
from courier.runs.run.loops import way_back
from courier.shipped import schema_text

EXAMPLE = Path(__file__).parents[2] / "examples" / "pipeline"


def test_the_example_is_valid_and_both_its_runs_would_start() -> None:
    paths = [path for path in (EXAMPLE / ".courier").rglob("*.*") if path.is_file()]
    contents = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in paths}
    reading = read_files(contents, Schemas(schema_text))
    assert reading.diagnostics == ()
    seen = Observed(branch="main", commit="c" * 40, repository="r", records=fold([]))
    now = datetime(2026, 11, 21, tzinfo=UTC)
    found = plan(reading.catalog, seen, now=now, drivers={"claude", "shell"})
    assert found.held == ()
    improve, team = (start.frozen for start in _starts(found.actions))
    backs = {step.name: way_back(improve, step) for step in improve.steps if step.gives_verdict}
    assert {name: (back.to.name, back.at_most) for name, back in backs.items() if back} == {
        "test": ("design", 4),
        "review": ("plan", 2),
    }
    assert [step.persona for step in team.steps] == ["lead", "builder", "tester"]
    assert len(team.left_out) == 1


def _starts(actions: object) -> list[StartRun]:
    assert isinstance(actions, tuple)
    starts = [action for action in actions if isinstance(action, StartRun)]
    return sorted(starts, key=lambda start: start.frozen.workflow)
