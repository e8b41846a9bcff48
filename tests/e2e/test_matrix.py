"""Every agent through every form of workflow: real programs, real sandboxes, scripted models."""

import sys
from collections.abc import Callable, Iterator

import pytest

from courier.sandboxd.launcher import stop
from tests.contracts.scratch import git
from tests.e2e.columns import PLAN, cell_name
from tests.e2e.matrix import Cell, Place, files, scripts
from tests.e2e.rows import ROWS, SECRETS
from tests.e2e.stage import row_param
from tests.fakes.models import ScriptedModels

Get = Callable[[str, str], Cell]


row = pytest.mark.parametrize("row", [row_param(name) for name in ROWS])


@pytest.fixture(scope="module")
def matrix(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Get]:
    """Every cell that was asked for, carried out together."""
    cells = _asked_for(request)
    folder = tmp_path_factory.mktemp("matrix")
    with ScriptedModels(scripts(cells)) as models:
        place = Place(folder, models)
        place.furnish(files(cells))
        try:
            sys.stdout.write(place.apply())
            yield lambda row, column: Cell(cell_name(ROWS[row], column), ROWS[row], place)
        finally:
            stop(folder / "state" / "sandboxd", kill_sandboxes=True)


def _asked_for(request: pytest.FixtureRequest) -> list[tuple[str, str]]:
    found = []
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.module is request.module:
            column = item.originalname.removeprefix("test_")
            found.append((str(item.callspec.params["row"]), column))
    return found


def check_record(cell: Cell, steps: list[tuple[str, bool | None]]) -> None:
    """Hold what every cell's record must have, and its steps with their verdicts."""
    record = cell.record
    assert (record["phase"], record["reason"]) == ("completed", "Completed"), record["message"]
    told = [(step["step"], (step["verdict"] or {}).get("passed")) for step in record["steps"]]
    assert told == steps
    assert record["pullRequest"]["status"] == "created"
    assert cell.file("answer.txt") == "42"
    check_inputs(cell)
    check_usage(cell)
    check_transcript(cell)


def check_inputs(cell: Cell) -> None:
    record = cell.record
    inputs = {(one["kind"], one["name"]): one["digest"] for one in record["inputs"]}
    assert {kind for kind, _ in inputs} >= {"Project", "Workflow", "Run"}
    assert all(len(digest) == 64 for digest in inputs.values())
    assert (("Agent", "mine") in inputs) == (cell.row.agent == "mine")
    assert all(len(step["promptDigest"]) == 64 for step in record["steps"])


def check_usage(cell: Cell) -> None:
    """Hold that every request is paid for, and that requests went where they should."""
    requests = [one for one in cell.logged if one.path.endswith(cell.row.wire)]
    assert len(requests) == len(cell.asked) > 0
    used = cell.record["usage"]
    assert used["inputTokens"] == 1000 * len(requests)
    assert used["outputTokens"] == 50 * len(requests)
    assert used["cacheReadTokens"] == 300 * len(requests)


def check_points(cell: Cell) -> None:
    """Hold that the same was never asked twice."""
    points = [(one.prompts, one.turns) for one in cell.asked]
    assert len(points) == len(set(points))


def check_transcript(cell: Cell) -> None:
    kinds = {event["kind"] for event in cell.transcript}
    assert "text" in kinds
    if cell.row.agent != "mine":
        assert {"session", "toolCall", "toolResult", "usage"} <= kinds
    assert not any(secret in str(cell.transcript) for secret in SECRETS.values())


@row
def test_single(matrix: Get, row: str) -> None:
    cell = matrix(row, "single")
    check_record(cell, [("design", None)])
    check_points(cell)


@row
def test_pair(matrix: Get, row: str) -> None:
    cell = matrix(row, "pair")
    rounds: list[tuple[str, bool | None]] = [("design", None), ("check", False)]
    check_record(cell, [*rounds, ("design", None), ("check", True)])
    check_points(cell)
    assert "it is not 42" in cell.record["steps"][1]["verdict"]["feedback"]


@row
def test_pipeline(matrix: Get, row: str) -> None:
    cell = matrix(row, "pipeline")
    rounds: list[tuple[str, bool | None]] = [("build", None), ("look", None)]
    check_record(cell, [*rounds, ("judge", False), *rounds, ("judge", True)])
    check_points(cell)


@row
def test_candidates(matrix: Get, row: str) -> None:
    cell = matrix(row, "candidates")
    check_record(cell, [("build", None), ("build", None), ("judge", None)])
    judge = cell.record["steps"][-1]
    loser = {"candidate-1": "candidate-2", "candidate-2": "candidate-1"}[judge["choice"]["chosen"]]
    branch = f"courier/{cell.name}-{loser}"
    assert git("show", f"{branch}:answer.txt", cwd=cell.place.origin) == "41"


@row
def test_personas(matrix: Get, row: str) -> None:
    cell = matrix(row, "personas")
    check_record(cell, [("plan", None), ("build", None), ("test", True)])
    assert any(PLAN in one.prompt for one in cell.asked if "You are the builder." in one.prompt)
    check_points(cell)
    kinds = [one["kind"] for one in cell.record["inputs"]]
    assert kinds.count("Persona") == 3
