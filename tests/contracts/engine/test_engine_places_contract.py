"""What every engine promises of how many runs go at once, and which first."""

import asyncio
from datetime import UTC, datetime

from courier.engine.seam import Context, Json, Phase, StepIO
from tests.contracts.engine.lab import Lab, soon


class Gauge:
    """Counts flows that are in a step, and in which order they came."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.now = 0
        self.most = 0

    async def flow(self, context: Context) -> Json:
        async def work(io: StepIO) -> Json:
            self.order.append(context.run_id)
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.03)
            self.now -= 1
            return None

        return await context.step("work", work)


async def test_a_queue_keeps_its_limit(lab: Lab) -> None:
    gauge = Gauge()
    engine = await lab.start(limits={"default": 0}, flow=gauge.flow)
    for number in range(12):
        await engine.submit(f"run-{number}", flow="flow", input=None)
    engine.limit("default", concurrency=2)
    for number in range(12):
        await lab.end(f"run-{number}")
    assert gauge.most == 2


async def test_all_queues_together_keep_the_limit(lab: Lab) -> None:
    gauge = Gauge()
    engine = await lab.start(limits={None: 0, "a": 2}, flow=gauge.flow)
    for number in range(12):
        await engine.submit(f"run-{number}", flow="flow", input=None, queue="ab"[number % 2])
    engine.limit(None, concurrency=3)
    for number in range(12):
        await lab.end(f"run-{number}")
    assert gauge.most == 3


async def test_lower_priority_first_then_first_come_across_queues(lab: Lab) -> None:
    gauge = Gauge()
    engine = await lab.start(limits={None: 0}, flow=gauge.flow)
    for name, queue, priority in (
        ("late", "a", 5),
        ("first", "b", 0),
        ("second", "a", 0),
        ("third", "b", 1),
        ("soonest", "c", -1),
    ):
        await engine.submit(name, flow="flow", input=None, queue=queue, priority=priority)
    engine.limit(None, concurrency=1)
    await lab.end("late")
    assert gauge.order == ["soonest", "first", "second", "third", "late"]


async def test_many_runs_of_one_queue_do_not_starve_another(lab: Lab) -> None:
    gauge = Gauge()
    engine = await lab.start(limits={None: 0}, flow=gauge.flow)
    for number in range(6):
        await engine.submit(f"many-{number}", flow="flow", input=None, queue="many")
    for number in range(2):
        await engine.submit(f"few-{number}", flow="flow", input=None, queue="few")
    engine.limit(None, concurrency=1)
    for number in range(6):
        await lab.end(f"many-{number}")
    assert gauge.order[:4] == ["many-0", "few-0", "many-1", "few-1"]


async def test_order_outlives_a_restart(lab: Lab) -> None:
    gauge = Gauge()
    engine = await lab.start(limits={None: 0}, flow=gauge.flow)
    for number in range(5):
        await engine.submit(f"run-{number}", flow="flow", input=None, priority=number // 3)
    engine = await lab.restart()
    assert (await lab.until("run-0")).phase is Phase.QUEUED
    engine.limit(None, concurrency=1)
    await lab.end("run-4")
    assert gauge.order == [f"run-{number}" for number in range(5)]


async def test_a_full_queue_does_not_hold_up_another(lab: Lab) -> None:
    gauge = Gauge()
    engine = await lab.start(limits={"full": 0}, flow=gauge.flow)
    await engine.submit("stuck", flow="flow", input=None, queue="full", priority=-9)
    await engine.submit("free", flow="flow", input=None)
    await lab.end("free")
    assert gauge.order == ["free"]


async def test_a_run_at_rest_gives_its_place_back(lab: Lab) -> None:
    gauge = Gauge()

    async def patient(context: Context) -> Json:
        await context.signal("go")
        return await gauge.flow(context)

    engine = await lab.start(limits={None: 1}, patient=patient, flow=gauge.flow)
    await engine.submit("patient", flow="patient", input=None)
    await lab.until("patient", phase=Phase.WAITING)
    await engine.submit("other", flow="flow", input=None)
    await lab.end("other")
    await engine.send("patient", "go", None)
    await lab.end("patient")
    assert gauge.order == ["other", "patient"]


async def test_a_run_woken_from_rest_waits_for_a_place(lab: Lab) -> None:
    gauge = Gauge()

    async def patient(context: Context) -> Json:
        await context.sleep("nap", soon(0.03))
        return await gauge.flow(context)

    async def greedy(context: Context) -> Json:
        async def hold(io: StepIO) -> Json:
            gauge.order.append("greedy")
            await asyncio.sleep(0.1)
            gauge.order.append("greedy ends")
            return None

        return await context.step("hold", hold)

    engine = await lab.start(limits={None: 1}, patient=patient, greedy=greedy)
    await engine.submit("patient", flow="patient", input=None)
    await lab.until("patient", phase=Phase.WAITING)
    await engine.submit("greedy", flow="greedy", input=None)
    await lab.end("patient")
    assert gauge.order == ["greedy", "greedy ends", "patient"]


async def test_a_cancelled_run_needs_no_place_to_clean_up(lab: Lab) -> None:
    async def patient(context: Context) -> Json:
        return await context.signal("go")

    async def greedy(context: Context) -> Json:
        async def hold(io: StepIO) -> Json:
            await asyncio.sleep(3_600)
            return None

        return await context.step("hold", hold)

    engine = await lab.start(limits={None: 1}, patient=patient, greedy=greedy)
    await engine.submit("patient", flow="patient", input=None)
    await lab.until("patient", phase=Phase.WAITING)
    await engine.submit("greedy", flow="greedy", input=None)
    await lab.until("greedy", step="hold")
    await engine.cancel("patient", by="ann", reason="enough")
    assert (await lab.end("patient")).phase is Phase.CANCELLED


async def test_a_run_does_not_start_before_its_moment(lab: Lab) -> None:
    started: list[datetime] = []

    async def flow(context: Context) -> Json:
        started.append(datetime.now(UTC))
        return None

    engine = await lab.start(flow=flow)
    moment = soon(0.15)
    await engine.submit("run", flow="flow", input=None, not_before=moment)
    state = await engine.status("run")
    assert state is not None
    assert (state.phase, state.not_before) == (Phase.QUEUED, moment)
    await lab.restart()
    await lab.end()
    assert started[0] >= moment
