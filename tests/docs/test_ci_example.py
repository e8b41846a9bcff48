"""The example of checks is valid, freezes as its page says, and its CI is a script of a shell."""

import subprocess
from pathlib import Path

from courier.engine.passes.preview import read_files
from courier.planning.documents.manifest import Schemas
from courier.planning.observed.observed import Observed
from courier.planning.plan import StartRun
from courier.planning.planner import plan
from courier.shipped import schema_text
from tests.unit.runs.builders import START

EXAMPLE = Path(__file__).parents[2] / "examples" / "ci"


def test_the_example_waits_for_its_check_and_mends_once() -> None:
    paths = (EXAMPLE / ".courier").rglob("*.yaml")
    contents = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in paths}
    reading = read_files(contents, Schemas(schema_text))
    assert reading.diagnostics == ()
    observed = Observed(branch="main", commit="b" * 40)
    planned = plan(reading.catalog, observed, now=START, drivers=["shell"])
    (start,) = planned.actions
    assert isinstance(start, StartRun)
    ci = start.frozen.ci
    assert (ci.wait, ci.required, ci.fix_attempts, ci.timeout_seconds) == (
        True,
        ("greeting",),
        1,
        600,
    )


def test_its_ci_parses() -> None:
    subprocess.run(["/bin/sh", "-n", str(EXAMPLE / "ci.sh")], check=True)
