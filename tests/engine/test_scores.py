"""Scores in whole runs: by a scripted model after every step, and by an evaluator with a say."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from courier.runs.replies.score import PARTS, FrozenQuality
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from tests.engine.conftest import FILES
from tests.engine.worlds import Scene, git, make_origin, provider, scene, shell_plan
from tests.fakes.embedded import Endpoint
from tests.fakes.models import Asked, Call, Fail, Reply, ScriptedModels, Turn

pytestmark = pytest.mark.slow


def parts(score: int) -> dict[str, object]:
    return {name: {"score": score, "reason": f"{name} is {score}"} for name in PARTS}


def by_value(asked: Asked) -> Reply:
    """Score the change by what the prompt shows of it."""
    if "+poor" in asked.prompt:
        return Turn.of(Call("score", parts(40)))
    if "+odd" in asked.prompt:
        return Turn.of(Call("score", {"correctness": "fine"}))
    if "+denied" in asked.prompt:
        return Fail(401, "authentication_error", "bad key")
    return Turn.of(Call("score", parts(90)))


@pytest.fixture
def models() -> ScriptedModels:
    return ScriptedModels({"score": by_value})


@pytest_asyncio.fixture
async def scored(
    tmp_path: Path, sandboxd: Endpoint, models: ScriptedModels
) -> AsyncIterator[Scene]:
    origin = make_origin(tmp_path, FILES)
    with models:
        async with scene(
            tmp_path / tmp_path.name,
            origin,
            provider(sandboxd),
            environment={"ANTHROPIC_API_KEY": "key-of-the-model"},
            agent_env={"ANTHROPIC_BASE_URL": models.base_url("run", "score")},
        ) as opened:
            yield opened


def everywhere(here: Scene, design: str, threshold: float | None = None) -> FrozenPlan:
    quality = FrozenQuality(score="everyStep", threshold=threshold, model="anthropic/judge-1")
    return shell_plan(here, design=design, quality=quality)


async def test_every_steps_change_is_scored_once(scored: Scene, models: ScriptedModels) -> None:
    await scored.run(everywhere(scored, "echo good > value; echo I made it good.", 60))
    record = await scored.record()
    assert (record["phase"], record["score"]["composite"]) == ("completed", 90)
    told = record["steps"][0]["score"]
    assert told["correctness"] == {"score": 90, "reason": "correctness is 90"}
    assert told["scoredBy"] == "anthropic/judge-1"
    assert record["steps"][1]["score"] is None
    (request,) = models.logged("run")
    prompt = json.dumps(request.body["messages"])
    assert "+good" in prompt
    assert "I made it good." in prompt
    assert record["usage"]["inputTokens"] == record["steps"][0]["scoring"]["inputTokens"] > 0
    (proposal,) = await scored.forge.list()
    assert "**90 of 100**" in proposal.body


async def test_work_below_the_threshold_is_not_proposed(scored: Scene) -> None:
    await scored.run(everywhere(scored, "echo poor > value", 60))
    record = await scored.record()
    assert (record["phase"], record["reason"]) == ("failed", "BelowThreshold")
    assert git(scored.origin, "show", "courier/fix:value") == "poor"
    assert await scored.forge.list() == []


@pytest.mark.parametrize(("value", "why"), [("denied", "accept the key"), ("odd", "`correctness`")])
async def test_a_score_that_is_not_to_be_had_costs_nothing_else(
    scored: Scene, value: str, why: str
) -> None:
    await scored.run(everywhere(scored, f"echo {value} > value"))
    record = await scored.record()
    assert (record["phase"], record["score"]) == ("completed", None)
    assert why in record["steps"][0]["unscored"]


RATE = """
echo "looking at $(cat value)"
n=$(test "$(cat value)" = 2 && echo 80 || echo 30)
printf '{'; sep=
for part in correctness typeSafety codeStyle testCoverage completeness; do
  printf '%s"%s": {"score": %s, "reason": "it is %s"}' "$sep" $part $n "$(cat value)"; sep=', '
done; echo '}'
"""


async def test_an_evaluator_sends_back_what_is_below_the_threshold(here: Scene) -> None:
    rate = FrozenStep(
        name="rate",
        type="evaluator",
        agent="shell",
        run=RATE,
        scores=True,
        threshold=70,
        gives_verdict=True,
    )
    design = FrozenStep(
        name="design",
        type="designer",
        agent="shell",
        run='echo $COURIER_ITERATION > value; echo "told: $COURIER_FEEDBACK" > told',
    )
    quality = FrozenQuality(score="evaluator", threshold=70)
    plan = shell_plan(here, design="", steps=(design, rate), quality=quality)
    await here.run(plan)
    record = await here.record()
    steps = [
        (step["step"], step["score"] and step["score"]["composite"]) for step in record["steps"]
    ]
    assert steps == [("design", None), ("rate", 30), ("design", None), ("rate", 80)]
    assert (record["phase"], record["score"]["composite"]) == ("completed", 80)
    assert "told: The work scores 30 of 100" in git(here.origin, "show", "courier/fix:told")
