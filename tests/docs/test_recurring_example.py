"""The example of recurring tasks is valid, and runs when its text says."""

from datetime import UTC, datetime
from pathlib import Path

from courier.engine.passes.preview import read_files
from courier.planning.documents.manifest import Schemas
from courier.planning.observed.diary import TASK as KIND
from courier.planning.recurring.task import task_of
from courier.shipped import schema_text

EXAMPLE = Path(__file__).parents[2] / "examples" / "recurring"


def test_the_example_is_due_when_it_says() -> None:
    paths = [path for path in (EXAMPLE / ".courier").rglob("*.yaml") if path.is_file()]
    contents = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in paths}
    reading = read_files(contents, Schemas(schema_text))
    assert reading.diagnostics == ()
    catalog = reading.catalog
    spring = datetime(2027, 3, 28, tzinfo=UTC)
    due = {ref.name: task_of(catalog, ref).timetable.next(spring) for ref in catalog.of_kind(KIND)}
    assert {name: at and f"{at:%m-%d %H:%M}" for name, at in due.items()} == {
        "nightly": "03-28 01:00",
        "month-end": "03-31 22:00",
        "dependencies": "03-29 00:00",
        "triage": "03-29 00:00",
    }
