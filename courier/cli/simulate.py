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
from courier.cli.live import watch
from courier.cli.views.ink import safe
from courier.cli.views.json_text import to_json
from courier.engine.accounts.records import RunRecords
from courier.engine.accounts.retelling import retell
from courier.engine.running.question import SIGNAL, answer_to
from courier.engine.running.runner import FLOW
from courier.engine.seam import Engine
from courier.errors import CourierError, InvalidCatalog, Misused, NotFound
from courier.planning.documents.scenarios import read_scenarios
from courier.runs.run.following import FrozenCi
from courier.runs.run.frozen import FrozenPlan
from courier.runs.steps.approvals import PROTECTED, waiting
from courier.runs.transcripts.stubs import Scenario, answer, unmet
from courier.storage.scratch import make_twin
from courier.wiring import Home, Wiring

_SHELL = "shell"
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
    try:
        data = here.path(file).read_bytes()
    except OSError as missing:
        raise NotFound("The scenarios cannot be read.", detail=str(missing)) from missing
    scenarios, problems = read_scenarios(file, data)
    if problems:
        raise InvalidCatalog(problems, where=file)
    return scenarios


async def _play(here: Here, scenario: Scenario, output: str) -> Sequence[str]:
    async with here.wired() as wiring:
        frozen = await _frozen(here, wiring, scenario)
        _check(scenario, frozen)
        branches = {frozen.git.base_branch: frozen.git.base_commit}
        objects = wiring.mirror.plumbing.objects
        with tempfile.TemporaryDirectory(prefix="courier-simulation-") as folder:
            origin = make_twin(Path(folder), objects=objects, branches=branches)
            environment = {**_made_up(frozen), **here.environment}
            home = Home(str(origin), Path(folder) / "home")
            async with _scratch(here, home, environment, scenario) as scratch:
                account = await _done(here, scratch, (frozen, scenario), output)
    return list(unmet(scenario.expect, account))


@asynccontextmanager
async def _scratch(
    here: Here, home: Home, environment: dict[str, str], scenario: Scenario
) -> AsyncIterator[Wiring]:
    wiring = Wiring(
        replace(here.settings, database_url=None),
        home,
        environment,
        stand_in=lambda driver: StubbedDriver(driver, scenario.answers),
    )
    async with wiring.opened():
        await wiring.mirror.fetch()
        yield wiring


async def _frozen(here: Here, wiring: Wiring, scenario: Scenario) -> FrozenPlan:
    files = dict(await here.checkout.files())
    if scenario.run is not None:
        frozen = await wiring.preview().frozen(files, scenario.run, beside=here.checkout)
        return _unscored(frozen)
    name = "simulated"
    document = {
        "apiVersion": "courier/v1",
        "kind": "Run",
        "metadata": {"name": name},
        "spec": scenario.spec,
    }
    files[f".courier/runs/{name}.yaml"] = json.dumps(document).encode()
    return _unscored(await wiring.preview().frozen(files, name, beside=here.checkout))


def _unscored(frozen: FrozenPlan) -> FrozenPlan:
    """Return the plan with no model asked to score what was made up, and no checks waited for."""
    alone = frozen.model_copy(update={"ci": FrozenCi()})
    if frozen.quality.score != "everyStep":
        return alone
    quality = frozen.quality.model_copy(update={"score": "evaluator"})
    return alone.model_copy(update={"quality": quality})


def _check(scenario: Scenario, frozen: FrozenPlan) -> None:
    """Refuse what would ask a model, or names what is not there, before anything is done."""
    every = frozen.every_step
    names = list(dict.fromkeys((*every, *(step.name for step in every.values()))))
    unknown = [step for step in scenario.answers if step not in names]
    silent = [
        name
        for name, step in every.items()
        if step.agent != _SHELL and not answer(scenario.answers, name, iteration=1)
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
