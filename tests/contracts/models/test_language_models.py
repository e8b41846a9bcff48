"""Providers of models through their real libraries, against a scripted server."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from courier.errors import Misconfigured, MissingSecret, RateLimited, Unavailable
from courier.llm.providers import Providers
from courier.ports.models import Question
from courier.system import EnvironmentSecrets, SystemClock
from tests.fakes.models import Call, Fail, Reply, Say, ScriptedModels, Turn, play

pytestmark = pytest.mark.slow

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "number"}},
    "required": ["n"],
    "additionalProperties": False,
}
KEYS = {"ANTHROPIC_API_KEY": "key-a", "OPENAI_API_KEY": "key-b", "OPENROUTER_API_KEY": "key-c"}
NAMES = ("anthropic", "openai", "openrouter")


def answered(provider: str, value: object) -> Turn:
    if provider == "anthropic":
        return Turn.of(Call("score", value if isinstance(value, dict) else {"not": value}))
    return Turn.of(Say(json.dumps(value)))


class Desk:
    """Providers in front of one scripted server."""

    def __init__(self, models: ScriptedModels) -> None:
        self.models = models
        url = models.base_url("run", "script")
        addresses = {
            "ANTHROPIC_BASE_URL": url,
            "OPENAI_BASE_URL": f"{url}/v1",
            "OPENROUTER_BASE_URL": f"{url}/v1",
        }
        self.providers = Providers(EnvironmentSecrets(KEYS), addresses, SystemClock())

    async def ask(self, provider: str) -> Any:
        question = Question(
            model=f"{provider}/some/model-1",
            system="You count.",
            prompt="How many?",
            name="score",
            schema=SCHEMA,
        )
        return await self.providers.ask(question)


def desk(*replies: Reply) -> Iterator[Desk]:
    with ScriptedModels({"script": play(*replies)}) as models:
        yield Desk(models)


@pytest.mark.parametrize("provider", NAMES)
async def test_an_answer_comes_in_the_form_asked_for(provider: str) -> None:
    for at in desk(answered(provider, {"n": 3})):
        found = await at.ask(provider)
        assert found.value == {"n": 3}
        assert found.usage.input_tokens > 0
        assert found.usage.output_tokens > 0
        assert found.usage.cost_usd is None
        (request,) = at.models.logged("run")
        assert request.body["model"] == "some/model-1"
        told = json.dumps(request.body)
        assert "You count." in told
        assert "How many?" in told
        assert '"additionalProperties": false' in told


@pytest.mark.parametrize("provider", NAMES)
async def test_a_passing_fault_is_tried_again(provider: str) -> None:
    for at in desk(Fail(500, "api_error", "later"), answered(provider, {"n": 1})):
        assert (await at.ask(provider)).value == {"n": 1}
        assert len(at.models.logged("run")) == 2


@pytest.mark.parametrize("provider", NAMES)
async def test_faults_are_told_apart(provider: str) -> None:
    wait = {"retry-after": "120", "x-should-retry": "false"}
    for at in desk(Fail(429, "rate_limit_error", "slow down", headers=wait)):
        before = datetime.now(UTC)
        with pytest.raises(RateLimited, match="slow down") as limited:
            await at.ask(provider)
        assert limited.value.retry_at is not None
        assert 115 < (limited.value.retry_at - before).total_seconds() < 130
    for at in desk(Fail(401, "authentication_error", "bad key")):
        with pytest.raises(Misconfigured, match="does not accept the key"):
            await at.ask(provider)
    for at in desk(Fail(404, "not_found_error", "no such model")):
        with pytest.raises(Misconfigured, match="does not do what was asked"):
            await at.ask(provider)
    for at in desk(Fail(503, "overloaded", "busy", headers={"x-should-retry": "false"})):
        with pytest.raises(Unavailable, match="does not answer"):
            await at.ask(provider)


@pytest.mark.parametrize("provider", NAMES)
async def test_an_answer_in_no_form_is_a_fault(provider: str) -> None:
    for at in desk(Turn.of(Say("Three, I think."))):
        with pytest.raises(Misconfigured, match="form asked for"):
            await at.ask(provider)


async def test_what_is_not_set_up_says_so() -> None:
    providers = Providers(EnvironmentSecrets({}), {}, SystemClock())
    question = Question(model="openai/x", system="", prompt="", name="score", schema=SCHEMA)
    with pytest.raises(MissingSecret, match="OPENAI_API_KEY"):
        await providers.ask(question)
    for name in ("x", "nobody/x", "openai/"):
        with pytest.raises(Misconfigured, match="anthropic, openai, openrouter"):
            await providers.ask(
                Question(model=name, system="", prompt="", name="score", schema=SCHEMA)
            )
