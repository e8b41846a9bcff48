from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from courier.planning.observed.history import SAMPLES, Sample
from courier.planning.observed.observed import InFlight, Observed, ObservedRun, fold

AT = datetime(2026, 11, 21, tzinfo=UTC)
names = st.sampled_from([f"run-{number}" for number in range(8)])
records = st.builds(
    ObservedRun,
    run=names,
    phase=st.sampled_from(["running", "completed", "failed"]),
    spec_digest=st.sampled_from([None, "a", "b"]),
    pull_request=st.sampled_from([None, "created", "merged"]),
)


def sample(number: int) -> Sample:
    return Sample(f"run-{number}", AT + timedelta(minutes=number), seconds=1.0, tokens=number)


@given(st.lists(records, unique_by=lambda record: record.run))
def test_the_order_of_records_does_not_matter(found: list[ObservedRun]) -> None:
    assert fold(reversed(found)) == fold(found)


@given(st.lists(records), st.lists(records))
def test_folding_in_two_goes_is_folding_once(
    first: list[ObservedRun], second: list[ObservedRun]
) -> None:
    assert fold(second, onto=fold(first)) == fold([*first, *second])


@given(records, records)
def test_the_total_moves_exactly_when_a_record_does(left: ObservedRun, right: ObservedRun) -> None:
    assert (fold([left]).total == fold([right]).total) == (left == right)


@given(records, records)
def test_a_changed_record_takes_the_place_of_the_former(
    former: ObservedRun, latter: ObservedRun
) -> None:
    latter = replace(latter, run=former.run)
    assert fold([latter], onto=fold([former])) == fold([latter])


def test_what_was_folded_before_is_left_alone() -> None:
    before = fold([ObservedRun("a", "running")])
    fold([ObservedRun("a", "completed")], onto=before)
    assert before.runs["a"].phase == "running"


def test_only_the_newest_samples_are_kept() -> None:
    runs = [
        ObservedRun(f"run-{number}", "completed", workflow="fix", sample=sample(number))
        for number in range(SAMPLES + 5)
    ]
    kept = fold(runs).history["fix"]
    assert len(kept) == SAMPLES
    assert kept[0] == sample(SAMPLES + 4)
    assert fold(reversed(runs)).history["fix"] == kept


def test_a_record_read_again_is_one_sample() -> None:
    run = ObservedRun("run-1", "completed", workflow="fix", sample=sample(1))
    assert len(fold([run], onto=fold([run])).history["fix"]) == 1


def test_the_digest_moves_with_everything_a_plan_reads() -> None:
    base = Observed("main", "c1", records=fold([ObservedRun("a", "running")]))
    moved = [
        replace(base, records=fold([ObservedRun("a", "completed")])),
        replace(base, in_flight={"a": InFlight("a")}),
        replace(base, in_flight={"a": InFlight("a", cancelling=True)}),
        replace(base, in_flight={"a": InFlight("a", by_catalog=False)}),
        replace(base, pull_requests={"a": "merged"}),
        replace(base, branches={"next": "c2"}),
    ]
    digests = {base.digest, *(one.digest for one in moved)}
    assert len(digests) == 1 + len(moved)
    assert replace(base, commit="c9").digest == base.digest
