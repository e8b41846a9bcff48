"""Metrics: counted from what a witness is told, with names that cannot grow without end."""

from datetime import timedelta
from decimal import Decimal

from prometheus_client.parser import text_string_to_metric_families

from courier.ports.witness import EndedRun, Stage
from courier.runs.run.events import Refusal, RunEnded, RunEvent, RunParked, RunStarted
from courier.runs.run.run import fold
from courier.runs.usage.usage import Usage
from courier.telemetry.bounded import MOST, OTHER, Bounded
from courier.telemetry.metrics import Metrics, Passes
from tests.unit.runs.builders import START as NOW
from tests.unit.runs.builders import attempted, completed, failed, frozen
from tests.unit.runs.test_checking import FIX, HEAD, red, seen, work

USED = Usage(input_tokens=10, output_tokens=5, cache_read_tokens=3, cost_usd=Decimal("0.25"))


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def metrics() -> Metrics:
    return Metrics("1.2.3", lambda: [Passes("r", [("idle", 4), ("whole", 2)], 1.5, 3, 7)])


async def test_a_run_is_counted_with_its_steps_and_what_they_used() -> None:
    plan, counted = frozen(), metrics()
    outcome = completed(usage=USED).model_copy(update={"model": "m-1"})
    refusal = Refusal(code="TooLarge", message="It is too large.")
    facts: list[RunEvent] = [
        RunStarted(at=NOW),
        attempted(outcome=outcome),
        attempted(outcome=failed(), refusal=refusal, iteration=2),
        RunEnded(at=NOW + timedelta(seconds=90), phase="failed", reason="Crashed"),
    ]
    stages = (
        Stage("design-1.1/sandbox", NOW, NOW),
        Stage("design-2.1/sandbox", NOW, NOW, fault="Unavailable"),
    )
    counted.started(plan)
    told = EndedRun(plan, fold(facts), NOW, NOW + timedelta(seconds=2), stages)
    await counted.ended(told)
    found = samples(counted)
    agent = plan.steps[0].agent
    assert found["courier_runs_started_total", plan.project] == 1
    assert found["courier_runs_ended_total", "failed", plan.project, "Crashed"] == 1
    assert found["courier_run_seconds_sum", "failed"] == 90
    assert found["courier_dispatch_seconds_sum",] == 2
    assert found["courier_tokens_total", agent, "input", "m-1"] == 10
    assert found["courier_tokens_total", agent, "cache_read", "m-1"] == 3
    assert found["courier_cost_usd_total", agent, "m-1"] == 0.25
    assert found["courier_steps_total", agent, "completed", "Completed"] == 1
    assert found["courier_steps_total", agent, "failed", "Crashed"] == 1
    assert found["courier_gate_refusals_total", "TooLarge"] == 1
    assert found["courier_sandboxes_total", "opened"] == 1
    assert found["courier_sandboxes_total", "failed"] == 1
    assert found["courier_reconcile_passes_total", "r", "idle"] == 4
    assert found["courier_runs_queued", "r"] == 3
    assert found["courier_build_info", "1.2.3"] == 1


async def test_what_was_mended_and_what_was_flaky_is_counted() -> None:
    counted = metrics()
    tried = attempted("design", iteration=2, commit=FIX).model_copy(update={"repairs": HEAD})
    facts: list[RunEvent] = [
        *work(),
        seen(20, t="failure"),
        seen(40, t="success"),
        red(60),
        tried,
        RunEnded(at=NOW + timedelta(seconds=90), phase="completed", reason="Completed"),
    ]
    await counted.ended(EndedRun(frozen(), fold(facts), NOW, NOW, ()))
    found = samples(counted)
    assert found["courier_check_repairs_total", "demo"] == 1
    assert found["courier_flaky_checks_total", "demo"] == 1


def test_a_run_is_parked_until_it_goes_on_or_leaves() -> None:
    plan, counted = frozen(), metrics()
    begun = RunStarted(at=NOW)
    parked = RunParked(at=NOW, reason="RateLimited", message="Later.", until=NOW)
    key = ("courier_runs_parked", "RateLimited")
    for _ in range(2):
        counted.stands(plan, fold([begun, parked]))
    assert samples(counted)[key] == 1
    counted.stands(plan, fold([begun, parked, attempted(outcome=completed())]))
    assert key not in samples(counted)
    counted.stands(plan, fold([begun, parked]))
    counted.left(plan)
    assert key not in samples(counted)


def test_names_that_others_make_up_are_few() -> None:
    names = Bounded()
    assert [names.known(str(number)) for number in range(MOST + 2)][-2:] == [OTHER, OTHER]
    assert names.known("1") == "1"
