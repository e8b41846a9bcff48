"""Spans: made the same by whoever makes them, with usage by its standard names."""

from datetime import timedelta

from courier.ports.witness import EndedRun, Stage
from courier.runs.run.events import CandidateEnded, CandidatesEnded, RunEnded, RunEvent, RunStarted
from courier.runs.run.frozen import FrozenCandidate
from courier.runs.run.run import fold
from courier.runs.usage.usage import Usage
from courier.telemetry.spans import spans_of
from tests.unit.runs.builders import START, attempted, completed, designer, frozen

USED = Usage(input_tokens=10, output_tokens=5, cache_read_tokens=3, cache_write_tokens=2)
LATER = START + timedelta(minutes=1)


def told(run: str = "fix") -> EndedRun:
    plan = frozen(run=run, steps=(designer(agent="claude", model="opus"),))
    outcome = completed("A secret plan.", usage=USED).model_copy(
        update={"model": "opus-5", "session": "s-1"}
    )
    facts: list[RunEvent] = [
        RunStarted(at=START),
        attempted(outcome=outcome),
        RunEnded(at=LATER, phase="completed", reason="Completed"),
    ]
    stages = (
        Stage("design-1.1/turn-1", START, LATER, told=outcome.model_dump_json(by_alias=True)),
        Stage("design-1.1/turn-2", LATER, LATER, fault="SandboxGone"),
    )
    return EndedRun(plan, fold(facts), START, START, stages)


def test_a_turn_tells_model_and_usage_by_their_standard_names() -> None:
    turn = next(span for span in spans_of(told()) if span.name == "invoke_agent claude")
    expected = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.agent.name": "claude",
        "gen_ai.request.model": "opus",
        "gen_ai.response.model": "opus-5",
        "gen_ai.conversation.id": "s-1",
        "gen_ai.usage.input_tokens": 15,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 3,
        "gen_ai.usage.cache_creation.input_tokens": 2,
    }
    assert expected.items() <= turn.attributes.items()
    assert turn.fault == ""
    assert (turn.began, turn.ended) == (START, LATER)
    assert "secret plan" not in repr(list(spans_of(told())))


def test_a_turn_that_broke_tells_how() -> None:
    assert [span.fault for span in spans_of(told()) if "invoke" in span.name][1] == "SandboxGone"


def test_ids_are_the_same_whoever_makes_them_and_others_for_others() -> None:
    once, again, other = (list(spans_of(each)) for each in (told(), told(), told("other")))
    assert [span.id for span in once] == [span.id for span in again]
    assert len({span.id for span in once}) == len(once)
    assert not {span.id for span in once} & {span.id for span in other}
    assert {span.trace for span in once} == {once[0].trace}
    assert once[0].trace != other[0].trace
    assert once[0].parent is None
    assert {span.parent for span in once[1:]} <= {span.id for span in once}


def test_candidates_are_part_of_the_trace_of_their_run() -> None:
    plan = frozen(candidates=(FrozenCandidate(steps=(designer(name="try"),)),))
    ended = CandidateEnded(
        name="candidate-1", phase="completed", reason="Completed", attempts=(attempted("try"),)
    )
    facts: list[RunEvent] = [
        RunStarted(at=START),
        CandidatesEnded(at=LATER, candidates=(ended,)),
        RunEnded(at=LATER, phase="completed", reason="Completed"),
    ]
    turn = Stage("c1/try-1.1/turn-1", START, LATER, told=completed().model_dump_json(by_alias=True))
    found = list(spans_of(EndedRun(plan, fold(facts), START, START, (turn,))))
    run, step, said = found
    assert step.attributes["courier.step"] == "c1/try"
    assert (step.parent, said.parent) == (run.id, step.id)
