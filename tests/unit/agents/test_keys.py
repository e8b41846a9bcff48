"""Whose key an agent gets: the one its step names, and only without one what courier has."""

from collections.abc import Mapping

import pytest

from courier.runs.briefs.brief import Brief
from courier.system import EnvironmentSecrets
from courier.wiring import DRIVERS

HERE = {
    "ANTHROPIC_API_KEY": "host-anthropic",
    "ANTHROPIC_AUTH_TOKEN": "host-token",
    "OPENAI_API_KEY": "host-openai",
    "OPENROUTER_API_KEY": "host-openrouter",
    "TEAM_KEY": "team",
}


def _environment(name: str, *, env: Mapping[str, str], secrets: tuple[str, ...]) -> dict[str, str]:
    """Return what a process would get, as a turn puts it together."""
    brief = Brief(prompt="go", workspace="/w", scratch="/s", env=env, secrets=secrets)
    launch = DRIVERS[name].launch(brief)
    return {**launch.env, **EnvironmentSecrets(HERE).resolve(launch.secrets)}


@pytest.mark.parametrize(
    ("name", "env", "secrets", "wanted"),
    [
        ("claude", {}, (), {"ANTHROPIC_API_KEY": "host-anthropic"}),
        (
            "claude",
            {},
            ("ANTHROPIC_AUTH_TOKEN=TEAM_KEY",),
            {"ANTHROPIC_AUTH_TOKEN": "team", "ANTHROPIC_API_KEY": None},
        ),
        (
            "claude",
            {"ANTHROPIC_AUTH_TOKEN": "none"},
            (),
            {"ANTHROPIC_AUTH_TOKEN": "none", "ANTHROPIC_API_KEY": None},
        ),
        ("codex", {}, (), {"CODEX_API_KEY": "host-openai", "OPENAI_API_KEY": None}),
        ("codex", {}, ("OPENAI_API_KEY=TEAM_KEY",), {"CODEX_API_KEY": "team"}),
        ("codex", {}, ("CODEX_API_KEY=TEAM_KEY",), {"CODEX_API_KEY": "team"}),
        ("codex", {"OPENAI_API_KEY": "none"}, (), {"CODEX_API_KEY": "none"}),
        ("codex", {}, ("OPENROUTER_API_KEY=TEAM_KEY",), {"CODEX_API_KEY": "team"}),
        ("codex", {"OPENROUTER_BASE_URL": "x"}, (), {"CODEX_API_KEY": "host-openrouter"}),
        ("codex", {"OPENAI_BASE_URL": "x"}, (), {"CODEX_API_KEY": "host-openai"}),
        *(
            (name, env, secrets, wanted)
            for name in ("opencode", "pi")
            for env, secrets, wanted in (
                ({}, (), {"OPENAI_API_KEY": "host-openai"}),
                (
                    {},
                    ("OPENAI_API_KEY=TEAM_KEY",),
                    {"OPENAI_API_KEY": "team", "OPENROUTER_API_KEY": "host-openrouter"},
                ),
                ({"OPENAI_API_KEY": "none"}, (), {"OPENAI_API_KEY": "none"}),
            )
        ),
    ],
)
def test_the_key_that_is_named_counts(
    name: str, env: dict[str, str], secrets: tuple[str, ...], wanted: dict[str, str | None]
) -> None:
    found = _environment(name, env=env, secrets=secrets)
    assert {variable: found.get(variable) for variable in wanted} == wanted
