"""The example of assets is valid, and its skill is what its folder holds."""

from pathlib import Path

from courier.engine.passes.preview import read_files
from courier.planning.asked.explanation import explain
from courier.planning.documents.manifest import Schemas
from courier.planning.documents.references import Ref
from courier.shipped import schema_text

EXAMPLE = Path(__file__).parents[2] / "examples" / "assets"


def test_the_example_is_valid_and_gives_what_its_text_says() -> None:
    paths = [path for path in (EXAMPLE / ".courier").rglob("*.*") if path.is_file()]
    contents = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in paths}
    reading = read_files(contents, Schemas(schema_text))
    assert reading.diagnostics == ()
    told = explain(reading.catalog, Ref("Run", "notes-for-2-0"))
    assert told["write"]["skills.release-notes"].origin.startswith("Persona/writer ")
    assert told["rate"]["context.scale"].origin.startswith("Context/scale spec.sessions")
    assert told["rate"]["effort"].value == "high"
    moments = {one.value for one in told["write"].values()}
    assert {"preRun", "context", "postStep", "postRun", "onDemand"} <= moments
