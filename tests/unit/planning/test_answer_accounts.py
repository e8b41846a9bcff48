"""What is told of answering sessions, and of the run that looks for answers."""

from courier.planning.answers.account import session_accounts, session_runs
from courier.planning.observed.observed import ObservedRun
from tests.unit.planning.world import catalog, document, project

WHO = {"id": "who", "text": "Who?"}
ASKED: dict[str, object] = {
    "questions": [WHO, {"id": "how", "text": "How?"}],
    "answers": [{"question": "who", "answer": "Ada.", "confidence": 0.9, "approved": True}],
}


def test_a_session_tells_of_the_run_that_answers_what_is_open() -> None:
    found = catalog(project(), document("AnsweringSession", "weekly-1", ASKED))
    (run,) = session_runs(found)
    assert run.startswith("weekly-1.")
    assert session_accounts(found, {})["weekly-1"]["pullRequest"] is None
    record = ObservedRun(run, "completed", "Completed", pull_request="created", number=7)
    told = session_accounts(found, {run: record})["weekly-1"]
    assert (told["open"], told["answered"], told["approved"]) == (1, 0, 1)
    assert (told["run"], told["pullRequest"]) == (run, {"number": 7, "status": "created"})


def test_nobody_looks_for_answers_that_are_there() -> None:
    answered = {**ASKED, "questions": [WHO]}
    found = catalog(project(), document("AnsweringSession", "weekly-1", answered))
    assert session_runs(found) == []
    assert session_accounts(found, {})["weekly-1"]["run"] is None
