"""Every agent in every form of work: real programs, real sandboxes, scripted models."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from courier.sandboxd.launcher import stop
from tests.cli.program import courier
from tests.contracts.scratch import git
from tests.e2e.columns import PLAN, SCORES, cell_name
from tests.e2e.follow_up import ANSWERS, messages
from tests.e2e.matrix import Cell, Place, carry_out, files, scripts
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
            sys.stdout.writelines(carry_out(place, cells))
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


def check_record(cell: Cell, steps: list[tuple[str, bool | None]], **wanted: int) -> None:
    """Hold what the record of every run must have.

    Args:
        cell: The run.
        steps: Its steps with their verdicts.
        wanted: How many documents of further kinds it was made from.
    """
    record = cell.record
    assert (record["phase"], record["reason"]) == ("completed", "Completed"), record["message"]
    told = [(step["step"], (step["verdict"] or {}).get("passed")) for step in record["steps"]]
    assert told == steps
    assert all(len(step["promptDigest"]) == 64 for step in record["steps"])
    scored = [step["step"] for step in record["steps"] if step["score"] is not None]
    assert scored == [name for name, _ in steps if name == "rate"]
    assert (record["score"] is not None) == bool(scored)
    check_inputs(cell, Project=1, Workflow=1, Run=1, **wanted)
    check_delivery(cell)
    check_usage(cell)
    check_transcript(cell)
    check_replay(cell)


def check_delivery(cell: Cell) -> None:
    assert cell.record["pullRequest"]["status"] == "created"
    assert cell.proposal["branch"] == cell.record["work"]["branch"]
    assert cell.file("answer.txt") == "42"


def check_inputs(cell: Cell, **wanted: int) -> None:
    """Hold that every document it was made from is told with its digest, and nothing else."""
    inputs = [(one["kind"], one["name"], one["digest"]) for one in cell.record["inputs"]]
    described = {"Agent": 1} if cell.row.documents else {}
    assert Counter(kind for kind, _, _ in inputs) == wanted | described
    assert len({digest for _, _, digest in inputs}) == len(inputs)
    assert all(len(digest) == 64 for _, _, digest in inputs)
    assert len(cell.record["catalogDigest"]) == len(cell.record["specDigest"]) == 64
    assert git("cat-file", "-t", cell.record["observedCommit"], cwd=cell.place.origin) == "commit"


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


def check_replay(cell: Cell) -> None:
    said = courier("replay", cell.name, cwd=cell.place.root, **cell.place.variables)
    assert said.code == 0, said.out + said.err


def check_score(cell: Cell) -> None:
    """Hold that what the evaluator said is on record, weighed by courier, and in sight."""
    score = cell.record["score"]
    assert {part: score[part]["score"] for part in SCORES} == SCORES
    assert all(score[part]["reason"].startswith(f"{part} of ") for part in SCORES)
    assert (score["composite"], score["scoredBy"]) == (80.0, "rate")
    assert cell.record["steps"][-1]["score"] == score
    body = cell.proposal["body"]
    assert "## Score" in body
    assert "80 of 100" in body
    assert all(f"| {part} | {number} | {part} of " in body for part, number in SCORES.items())


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
    check_record(cell, [*rounds, ("judge", False), *rounds, ("judge", True), ("rate", True)])
    check_points(cell)
    check_score(cell)


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
    check_record(cell, [("plan", None), ("build", None), ("test", True)], Persona=3)
    assert any(PLAN in one.prompt for one in cell.asked if "You are the builder." in one.prompt)
    check_points(cell)


@row
def test_follow_up(matrix: Get, row: str) -> None:
    cell = matrix(row, "follow_up")
    record, said = cell.record, messages(cell.name)
    assert (record["state"], record["reason"]) == ("killed", "Killed")
    talk = [(one["role"], one["status"], one["content"]) for one in record["messages"]]
    assert talk == [
        ("user", "completed", said.first),
        ("assistant", "completed", ANSWERS[0]),
        ("user", "completed", said.second),
        ("assistant", "completed", ANSWERS[1]),
    ]
    answers = record["messages"][1::2]
    assert len({one["session"] for one in answers} - {None}) == 1
    assert [one["usage"]["inputTokens"] for one in answers] == [2000, 2000]
    going = [(one["part"], one["fault"]) for one in record["going"]]
    assert going == [(part, None) for part in ("rescue", "push", "propose", "destroy", "keep")]
    assert record["work"]["files"] == ["answer.txt"]
    check_inputs(cell, Project=1, Sandbox=1)
    check_delivery(cell)
    assert ANSWERS[1] in cell.proposal["body"]
    check_usage(cell)
    check_points(cell)
    check_transcript(cell)
