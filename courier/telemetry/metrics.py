"""Metrics in Prometheus' text format, counted from facts about runs and from daemons' passes."""

from collections import Counter as Count
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

from courier.ports.witness import EndedRun
from courier.runs.records.charges import Charge, charges_of
from courier.runs.run.candidates import Entry, entries_of
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run
from courier.telemetry.bounded import Bounded

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_RUN = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400)
_STEP = (1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
_QUEUE = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 7200)


@dataclass(frozen=True, slots=True)
class Passes:
    """The passes of one repository's daemon until now.

    Attributes:
        repository: Where it is, without secrets.
        counts: Sort of pass and how many there were.
        seconds: How long they took together.
        queued: Runs that wait for a place.
        in_flight: Runs that have not ended.
    """

    repository: str
    counts: Sequence[tuple[str, int]]
    seconds: float
    queued: int
    in_flight: int


def nothing() -> Sequence[tuple[str, int]]:
    """Return that this process is no worker."""
    return ()


class Metrics:
    """A `courier.ports.witness.Witness` that counts.

    Names of runs, prompts and answers are nowhere in it, and names that agents may make up are
    bounded in number.

    Args:
        version: Courier's.
        passes: Gives the passes of every daemon here.
        at_work: Gives repository and how many runs a worker has of it here.
    """

    def __init__(
        self,
        version: str,
        passes: Callable[[], Iterable[Passes]],
        *,
        at_work: Callable[[], Iterable[tuple[str, int]]] = nothing,
    ) -> None:
        self._registry = CollectorRegistry()
        self._version = version
        self._passes = passes
        self._at_work = at_work
        self._parked: dict[tuple[str, str], str] = {}
        self._model, self._word, self._agent = Bounded(), Bounded(), Bounded()
        self._started = self._counter("runs_started", "Runs that began.", "project")
        self._ended = self._counter("runs_ended", "Runs that ended.", "project", "phase", "reason")
        self._steps = self._counter("steps", "Tries of steps.", "agent", "outcome", "reason")
        self._tokens = self._counter("tokens", "Tokens used.", "agent", "model", "kind")
        self._cost = self._counter("cost_usd", "US dollars known of.", "agent", "model")
        self._sandboxes = self._counter("sandboxes", "Sandboxes asked for.", "result")
        self._refusals = self._counter("gate_refusals", "Work that was refused.", "code")
        self._repairs = self._counter("check_repairs", "Tries to mend red checks.", "project")
        self._flaky = self._counter("flaky_checks", "Checks that turned green again.", "project")
        self._run = self._histogram("run_seconds", "From start to end of runs.", _RUN, "phase")
        self._step = self._histogram("step_seconds", "How long tries took.", _STEP, "agent")
        self._queue = self._histogram("dispatch_seconds", "From queue to start.", _QUEUE)
        self._registry.register(self)

    @property
    def media_type(self) -> str:
        """Return what sort of text it is."""
        return MEDIA_TYPE

    def text(self) -> bytes:
        """Return everything, as Prometheus reads it."""
        return generate_latest(self._registry)

    def started(self, plan: FrozenPlan) -> None:
        """Count it."""
        self._started.labels(plan.project).inc()

    def stands(self, plan: FrozenPlan, run: Run) -> None:
        """Note why it waits, if it does."""
        key = (plan.project, plan.run)
        if run.phase == "parked":
            self._parked[key] = self._word.known(run.reason)
        else:
            self._parked.pop(key, None)

    def left(self, plan: FrozenPlan) -> None:
        """Forget why it waited."""
        self._parked.pop((plan.project, plan.run), None)

    async def ended(self, told: EndedRun) -> None:
        """Count all of it: the run, its steps, what they used, what was refused."""
        plan, run = told.plan, told.run
        self._ended.labels(plan.project, run.phase, self._word.known(run.reason)).inc()
        self._run.labels(run.phase).observe(_seconds(run))
        waited = (told.started_at - told.submitted_at).total_seconds()
        self._queue.observe(max(0.0, waited))
        for entry in entries_of(plan, run):
            if entry.ended.run is None:
                self._tell_step(entry)
        for charge in charges_of(plan, run):
            self._tell_charge(charge)
        for stage in told.stages:
            if stage.name.endswith("/sandbox"):
                self._sandboxes.labels("failed" if stage.fault else "opened").inc()
        self._tell_checks(plan, run)
        delivered = run.delivered
        if delivered is not None and delivered.refusal is not None:
            self._refusals.labels(self._word.known(delivered.refusal.code)).inc()

    def collect(self) -> Iterator[Metric]:
        """Yield what is not counted but looked at."""
        yield InfoMetricFamily("courier_build", "This courier.", {"version": self._version})
        parked = GaugeMetricFamily(
            "courier_runs_parked", "Runs of this process that wait.", labels=["reason"]
        )
        for reason, number in sorted(Count(self._parked.values()).items()):
            parked.add_metric([reason], number)
        yield parked
        working = GaugeMetricFamily(
            "courier_worker_runs", "Runs that are this worker's now.", labels=["repository"]
        )
        for repository, number in self._at_work():
            working.add_metric([repository], number)
        yield working
        yield from _of_passes(list(self._passes()))

    def _tell_step(self, entry: Entry) -> None:
        tried, agent = entry.ended, self._agent.known(entry.step.agent)
        outcome = tried.outcome
        self._steps.labels(agent, outcome.status, self._word.known(outcome.reason)).inc()
        took = (tried.ended_at - tried.started_at).total_seconds()
        self._step.labels(agent).observe(max(0.0, took))
        if tried.refusal is not None:
            self._refusals.labels(self._word.known(tried.refusal.code)).inc()

    def _tell_checks(self, plan: FrozenPlan, run: Run) -> None:
        mended = {tried.repairs for tried in run.attempts if tried.repairs is not None}
        if mended:
            self._repairs.labels(plan.project).inc(len(mended))
        if run.ci.flaky:
            self._flaky.labels(plan.project).inc(len(run.ci.flaky))

    def _tell_charge(self, charge: Charge) -> None:
        names = self._agent.known(charge.agent or ""), self._model.known(charge.model or "")
        used = charge.usage
        for kind, amount in (
            ("input", used.input_tokens),
            ("output", used.output_tokens),
            ("cache_read", used.cache_read_tokens),
            ("cache_write", used.cache_write_tokens),
        ):
            if amount:
                self._tokens.labels(*names, kind).inc(amount)
        if used.spent:
            self._cost.labels(*names).inc(float(used.spent))

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"courier_{name}", about, labels, registry=self._registry)

    def _histogram(
        self, name: str, about: str, buckets: Sequence[float], *labels: str
    ) -> Histogram:
        return Histogram(f"courier_{name}", about, labels, buckets=buckets, registry=self._registry)


def _of_passes(found: Sequence[Passes]) -> Iterator[Metric]:
    passes = CounterMetricFamily(
        "courier_reconcile_passes", "Passes of daemons.", labels=["repository", "result"]
    )
    seconds = CounterMetricFamily(
        "courier_reconcile_seconds", "How long they took together.", labels=["repository"]
    )
    queued = GaugeMetricFamily(
        "courier_runs_queued", "Runs that wait for a place.", labels=["repository"]
    )
    flying = GaugeMetricFamily(
        "courier_runs_in_flight", "Runs that have not ended.", labels=["repository"]
    )
    for one in found:
        for sort, number in one.counts:
            passes.add_metric([one.repository, sort], number)
        seconds.add_metric([one.repository], one.seconds)
        queued.add_metric([one.repository], one.queued)
        flying.add_metric([one.repository], one.in_flight)
    yield from (passes, seconds, queued, flying)


def _seconds(run: Run) -> float:
    if run.started_at is None or run.ended_at is None:
        return 0.0
    return max(0.0, (run.ended_at - run.started_at).total_seconds())
