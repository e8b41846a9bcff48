"""Traces of real runs, taken by a real receiver: once each, with true times, without words."""

import os
import signal
from collections import Counter

import pytest

from tests.cli.place import SLOW, Place, asked
from tests.cli.program import courier
from tests.cli.test_operations import operated
from tests.fakes.collector import attributes, collecting

pytestmark = pytest.mark.slow

WAITING = SLOW.replace("name: slow", "name: waiting").replace("sleep 30; ", "sleep 4; ")


def test_a_run_is_one_trace_without_what_was_said(place: Place) -> None:
    place.publish({".courier/runs/hello.yaml": asked("hello")})
    with collecting() as collector:
        variables = {
            "COURIER_ALLOW_PLAIN": "1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_SERVICE_NAME": "courier-of-tests",
        }
        assert courier("apply", cwd=place.root, **variables).code == 0
        spans = {span.name: span for span in collector.spans}
    assert collector.paths == ["/v1/traces"]
    assert collector.services == {"courier-of-tests"}
    run, step, turn = (
        spans[name] for name in ("courier.run", "courier.step", "invoke_agent shell")
    )
    assert set(spans) == {run.name, step.name, turn.name, "courier.sandbox", "courier.deliver"}
    assert len({span.trace_id for span in spans.values()}) == 1
    assert run.parent_span_id == b""
    assert step.parent_span_id == spans["courier.deliver"].parent_span_id == run.span_id
    assert turn.parent_span_id == spans["courier.sandbox"].parent_span_id == step.span_id
    for inner, outer in ((step, run), (turn, step), (spans["courier.deliver"], run)):
        assert outer.start_time_unix_nano <= inner.start_time_unix_nano
        assert inner.start_time_unix_nano <= inner.end_time_unix_nano <= outer.end_time_unix_nano
    assert attributes(run)["courier.run"] == "hello"
    assert attributes(run)["courier.phase"] == "completed"
    told = attributes(turn)
    assert told["gen_ai.operation.name"] == "invoke_agent"
    assert told["gen_ai.provider.name"] == "shell"
    said = b"".join(collector.bodies)
    assert b"Say hello" not in said
    assert b"Hello from the sandbox" not in said


def test_a_kill_loses_no_span_and_makes_none_twice(place: Place) -> None:
    place.publish(
        {".courier/waiting.yaml": WAITING, ".courier/runs/hello.yaml": asked("hello", "waiting")}
    )
    with collecting() as collector:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
        with operated(place, **told) as first:
            first.until(lambda: "work-1.1" in place.courier("get", "runs", "hello").out)
            os.kill(first.process.pid, signal.SIGKILL)
            first.process.wait()
        with operated(place, **told) as second:
            second.until(lambda: second.settled() == 1)
        found = Counter((span.name, span.span_id) for span in collector.spans)
    assert set(found.values()) == {1}
    assert Counter(name for name, _ in found) == Counter(
        ["courier.run", "courier.step", "courier.sandbox", "invoke_agent shell", "courier.deliver"]
    )
    turn = next(span for span in collector.spans if span.name == "invoke_agent shell")
    assert turn.end_time_unix_nano - turn.start_time_unix_nano > 3e9, "it began before the kill"


def test_a_collector_that_is_away_costs_a_warning_and_no_run(place: Place) -> None:
    place.publish({".courier/runs/hello.yaml": asked("hello")})
    variables = {
        "COURIER_ALLOW_PLAIN": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
    }
    assert courier("apply", cwd=place.root, **variables).code == 0
    assert "completed" in place.courier("get", "runs", "hello").out
