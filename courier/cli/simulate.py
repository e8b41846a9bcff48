"""Simulations: runs done for real in a scratch world, with agents that say what they are told."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from courier.agents.stubbed import StubbedDriver
from courier.cli.here import Here
from courier.cli.kinds import thing_named
from courier.cli.live import watch
from courier.cli.views.ink import safe
from courier.cli.views.json_text import to_json
from courier.engine.accounts.records import RunRecords
from courier.engine.accounts.retelling import retell
from courier.engine.attempts.inquiry import AGENT as MODEL
from courier.engine.running.question import SIGNAL, answer_to
from courier.engine.running.runner import FLOW
from courier.engine.seam import Engine
from courier.errors import CourierError, InvalidCatalog, Misused
from courier.planning.documents.scenarios import read_scenarios
from courier.runs.run.following import FrozenCi
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.steps.approvals import PROTECTED, waiting
from courier.runs.transcripts.stubs import Scenario, Stub, answer, unmet
from courier.storage.scratch import make_twin
from courier.wiring import Home, Wiring

_SHELL = "shell"
_ANY = "claude"
_NO_ANSWER = Stub(status="failed", reason="NoAnswer", text="The scenario has no answer to it.")
"""What whoever resolves conflicts says where a scenario counts on there being none."""

Answers = Mapping[str, tuple[Stub, ...]]
_GLANCE_SECONDS = 0.1
"""How often is looked whether the run asks something."""


async def simulate(here: Here, file: str, *, output: str = "text") -> int:
    """Play every scenario of a file; return 0 if all came out as expected.

    Raises:
        InvalidCatalog: If the file, or a document of `.courier/`, has errors.
    """
    failures = 0
    for scenario in _scenarios(here, file):
        if output == "text":
            headline = f"Scenario: {safe(scenario.scenario)}"
            here.console.show(here.console.ink.paint(headline, "bold"))
        wrong = await _play(here, scenario, output)
        failures += bool(wrong)
        _show(here, scenario, wrong, output)
    return 1 if failures else 0


def _show(here: Here, scenario: Scenario, wrong: Sequence[str], output: str) -> None:
    console = here.console
    if output == "json":
        told = {
            "formatVersion": 1,
            "event": "scenario",
            "scenario": scenario.scenario,
            "unmet": list(wrong),
        }
        console.show(to_json(told, indent=None))
        return
    for sentence in wrong:
        console.show(f"  {console.ink.paint('not as expected', 'red')} {safe(sentence)}")
    if not wrong:
        console.show(f"  {console.ink.paint('as expected', 'green')}")


def _scenarios(here: Here, file: str) -> Sequence[Scenario]:
    scenarios, problems = read_scenarios(file, here.bytes_of(file))
    if problems:
        raise InvalidCatalog(problems, where=file)
    return scenarios


async def _play(here: Here, scenario: Scenario, output: str) -> Sequence[str]:
    async with here.wired() as wiring:
        frozen = await _frozen(here, wiring, scenario)
        _check(scenario, frozen)
        branches = _branches(frozen)
        objects = wiring.mirror.plumbing.objects
        with tempfile.TemporaryDirectory(prefix="courier-simulation-") as folder:
            origin = make_twin(Path(folder), objects=objects, branches=branches)
            environment = {**_made_up(frozen), **here.environment}
            home = Home(str(origin), Path(folder) / "home")
            async with _scratch(here, home, environment, _answers(scenario, frozen)) as scratch:
                account = await _done(here, scratch, (frozen, scenario), output)
    return list(unmet(scenario.expect, account))


def _branches(frozen: FrozenPlan) -> Mapping[str, str]:
    """Return the branches a run needs to be there, its base first."""
    merged = frozen.merge.branches if frozen.merge is not None else ()
    others = {each.branch: each.commit for each in merged}
    return {frozen.git.base_branch: frozen.git.base_commit, **others}


@asynccontextmanager
async def _scratch(
    here: Here, home: Home, environment: dict[str, str], answers: Answers
) -> AsyncIterator[Wiring]:
    wiring = Wiring(
        replace(here.settings, database_url=None),
        home,
        environment,
        stand_in=lambda driver: StubbedDriver(driver, answers),
    )
    async with wiring.opened():
        await wiring.mirror.fetch()
        yield wiring


async def _frozen(here: Here, wiring: Wiring, scenario: Scenario) -> FrozenPlan:
    files = dict(await here.checkout.files())
    if scenario.document is not None:
        cause = thing_named(scenario.document, next_step="Try `document: issuescan/NAME`.")
        return _alone(await wiring.preview().rehearsed(files, cause, beside=here.checkout))
    if scenario.run is not None:
        return _alone(await wiring.preview().frozen(files, scenario.run, beside=here.checkout))
    name = "simulated"
    document = {
        "apiVersion": "courier/v1",
        "kind": "Run",
        "metadata": {"name": name},
        "spec": scenario.spec,
    }
    files[f".courier/runs/{name}.yaml"] = json.dumps(document).encode()
    return _alone(await wiring.preview().frozen(files, name, beside=here.checkout))


def _alone(frozen: FrozenPlan) -> FrozenPlan:
    """Return the plan with no model asked, no checks waited for, and no forge but our own."""
    quality = frozen.quality
    if quality.score == "everyStep":
        quality = quality.model_copy(update={"score": "evaluator"})
    told = {
        "ci": FrozenCi(),
        "quality": quality,
        "delivery": frozen.delivery.model_copy(update={"forge": "local"}),
        "steps": tuple(_by_agent(step) for step in frozen.steps),
    }
    return frozen.model_copy(update=told)


def _by_agent(step: FrozenStep) -> FrozenStep:
    """Return a step for which an agent is made up where a model would be asked by itself."""
    return step.model_copy(update={"agent": _ANY}) if step.agent == MODEL else step


def _check(scenario: Scenario, frozen: FrozenPlan) -> None:
    """Refuse what would ask a model, or names what is not there, before anything is done."""
    every = frozen.every_step
    names = list(dict.fromkeys((*every, *(step.name for step in every.values()))))
    unknown = [step for step in scenario.answers if step not in names]
    silent = [
        name
        for name, step in every.items()
        if step.agent != _SHELL
        and not (step.type == "merger" and frozen.merge is not None)
        and not answer(scenario.answers, name, iteration=1)
    ]
    places = {PROTECTED.name, *(each.name for each in frozen.approvals)}
    nowhere = [name for name in scenario.approvals if name not in places]
    if unknown or silent or nowhere:
        raise Misused(
            f'The answers of scenario "{scenario.scenario}" do not fit the workflow.',
            detail=" ".join(
                [
                    *(f'There is no step "{name}".' for name in unknown),
                    *(f'There is no approval "{name}".' for name in nowhere),
                    *(f'Step "{name}" has no answer.' for name in silent),
                ]
            ),
            next_step=f"The steps are: {', '.join(names)}. Write `answers` for those with agents.",
        )


def _answers(scenario: Scenario, frozen: FrozenPlan) -> Answers:
    """Return the answers, with one for every agent that is there only in case of need."""
    spare = {step.name: (_NO_ANSWER,) for step in frozen.steps if step.agent != _SHELL}
    return spare | scenario.answers


def _made_up(frozen: FrozenPlan) -> Mapping[str, str]:
    """Return values for secrets that are not set here: a simulation needs none of them."""
    named = (name for step in frozen.every_step.values() for name in step.secrets)
    names = {name.lstrip("?").partition("=")[2] or name.lstrip("?") for name in named}
    return {name: f"simulated-{name.lower()}" for name in names}


async def _done(
    here: Here, scratch: Wiring, asked: tuple[FrozenPlan, Scenario], output: str
) -> Mapping[str, Any]:
    frozen, scenario = asked
    engine = scratch.engine()
    await engine.start()
    try:
        told = json.loads(frozen.model_dump_json(by_alias=True))
        await engine.submit(frozen.run, flow=FLOW, input=told)
        answering = asyncio.create_task(_answer(scratch, engine, frozen.run, scenario))
        try:
            await watch(scratch, here.console, [frozen.run], output=output)
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
    finally:
        await engine.stop()
    found = await RunRecords(scratch.state, scratch.index).find(frozen.run)
    if found is None:
        raise CourierError("The simulated run left no record.")
    return found.value


async def _answer(scratch: Wiring, engine: Engine, run: str, scenario: Scenario) -> None:
    """Answer whatever the run asks people, once each."""
    seen = 0
    while True:
        told = await retell(scratch.world, engine, run)
        asked = waiting(told.run) if told is not None else None
        if told is not None and asked is not None and len(told.run.asked) > seen:
            seen = len(told.run.asked)
            given = scenario.approvals.get(asked.approval, "approved")
            how = "time" if given == "timedOut" else "command"
            by = None if given == "timedOut" else "the simulation"
            said = answer_to(asked, scratch.clock.now(), answer=given, how=how, by=by)
            await engine.send(run, SIGNAL, said.model_dump_json(by_alias=True))
        await scratch.clock.sleep(_GLANCE_SECONDS)
