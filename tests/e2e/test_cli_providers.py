"""Every agent CLI against a provider of one's own: base URL and key, in every protocol."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from courier.resources.capabilities import CAPABILITIES
from tests.e2e.clis import local
from tests.e2e.clis.situations import CLIS
from tests.e2e.desk import Desk
from tests.fakes.models import ScriptedModels

HERE = {"TEAM_KEY": "team-key-0123", "ANTHROPIC_API_KEY": "wrong", "OPENAI_API_KEY": "wrong"}
"""What courier's own environment would hold."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach a provider.

    Attributes:
        cli: The agent.
        variable: Its base URL; ``{base}`` is the provider's address.
        url: The variable's value.
        key: What the step names as its secret.
        model: The model.
        path: Where the request has to arrive.
    """

    cli: str
    variable: str
    url: str
    key: str
    model: str
    path: str


ANTHROPIC = ("ANTHROPIC_BASE_URL", "{base}")
OPENAI = ("OPENAI_BASE_URL", "{base}/v1")
OPENROUTER = ("OPENROUTER_BASE_URL", "{base}/v1")

MESSAGES, RESPONSES, CHAT = "/v1/messages", "/v1/responses", "/v1/chat/completions"

WAYS = [
    Way("claude", *ANTHROPIC, "ANTHROPIC_AUTH_TOKEN=TEAM_KEY", "z-ai/glm-5", MESSAGES),
    Way("claude", *ANTHROPIC, "ANTHROPIC_API_KEY=TEAM_KEY", "claude-sonnet-4-5", MESSAGES),
    Way("codex", *OPENAI, "OPENAI_API_KEY=TEAM_KEY", "gpt-5.5", RESPONSES),
    Way("codex", *OPENROUTER, "OPENROUTER_API_KEY=TEAM_KEY", "openai/gpt-5.5", RESPONSES),
    *(
        way
        for cli in ("opencode", "pi")
        for way in (
            Way(cli, *ANTHROPIC, "ANTHROPIC_API_KEY=TEAM_KEY", "claude-sonnet-4-5", MESSAGES),
            Way(cli, *ANTHROPIC, "ANTHROPIC_API_KEY=TEAM_KEY", "anthropic/own-model", MESSAGES),
            Way(cli, *OPENAI, "OPENAI_API_KEY=TEAM_KEY", "gpt-5.5", RESPONSES),
            Way(cli, *OPENAI, "OPENAI_API_KEY=TEAM_KEY", "openai/own-model", RESPONSES),
            Way(cli, *OPENROUTER, "OPENROUTER_API_KEY=TEAM_KEY", "openrouter/z-ai/glm-5", CHAT),
            Way(
                cli,
                *OPENROUTER,
                "OPENROUTER_API_KEY=TEAM_KEY",
                "openrouter/anthropic/claude-sonnet-4.5",
                CHAT,
            ),
        )
    ),
]


def _param(way: Way) -> Any:
    there = (local.TOOLS / way.cli).exists()
    missing = pytest.mark.skipif(not there, reason=f"{way.cli} is not installed: `make tools`")
    name = f"{way.cli}-{way.key.partition('=')[0]}-{way.model}"
    return pytest.param(way, id=name, marks=[pytest.mark.e2e, pytest.mark.slow, missing])


@pytest.mark.parametrize("way", [_param(way) for way in WAYS])
async def test_base_url_and_key_lead_there(way: Way) -> None:
    cli = CLIS[way.cli]
    with tempfile.TemporaryDirectory(dir=local.ROOMS) as folder, ScriptedModels(cli.scripts) as m:
        desk = Desk(cli, local.furnish(Path(folder)), m, "text")
        url = way.url.replace("{base}", m.base_url("run", "text"))
        _, outcome = await desk.turn(
            "Hello.",
            model=way.model,
            env={way.variable: url},
            secrets=HERE,
            wanted=(way.key,),
        )
        assert (outcome.reason, outcome.text) == ("Completed", "Hello from the script.")
        (request,) = [one for one in m.logged("run") if one.method == "POST"]
        assert request.path == way.path
        assert request.body["model"] in (way.model, way.model.partition("/")[2])
        keys = {request.headers.get(name, "") for name in ("authorization", "x-api-key")}
        assert keys <= {"", "team-key-0123", "Bearer team-key-0123"}
        assert keys != {""}


def test_every_base_url_and_protocol_of_the_table_is_tried() -> None:
    wires = {MESSAGES: "messages", RESPONSES: "responses", CHAT: "chat"}
    for name in CLIS:
        tried = [way for way in WAYS if way.cli == name]
        assert {way.variable for way in tried} == set(CAPABILITIES[name].base_urls)
        assert {wires[way.path] for way in tried} == CAPABILITIES[name].wires
