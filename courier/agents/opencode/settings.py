"""OpenCode's settings for one brief: its providers, its model, and no questions asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from courier.runs.briefs.brief import Brief

_PROVIDERS: Final = ("anthropic", "openai", "openrouter")

_MAX_ELSEWHERE: Final = "xhigh"
"""What the greatest effort is called where it is not called max."""


_SEES: Final = {"attachment": True, "modalities": {"input": ["text", "image"], "output": ["text"]}}
"""What is said of a model that is shown pictures; one it does not know it takes for blind."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What OpenCode is told besides the prompt.

    Attributes:
        text: JSON for its settings variable; names keys by variable, never by value.
        model: ``provider/model``; None leaves the choice to it.
    """

    text: str
    model: str | None


def settings_json(brief: Brief) -> Settings:
    """Return the settings of a brief."""
    model = qualified(brief.model) if brief.model else None
    providers: dict[str, dict[str, object]] = {}
    for provider in _PROVIDERS:
        if url := _base_url(provider, brief.env):
            providers[provider] = {"options": {"baseURL": url}}
    if model:
        provider, _, name = model.partition("/")
        # Declared, so that a model it does not know is asked for instead of refused.
        providers.setdefault(provider, {})["models"] = {name: dict(_SEES) if brief.images else {}}
    told = {
        "autoupdate": False,
        "share": "disabled",
        "permission": "allow",
        "provider": providers,
    }
    return Settings(json.dumps(told), model)


def qualified(model: str) -> str:
    """Return a model with its provider."""
    if "/" in model:
        return model
    return f"anthropic/{model}" if model.startswith("claude") else f"openai/{model}"


def variant(effort: str, model: str | None) -> str:
    """Return OpenCode's word for an effort."""
    if effort == "max" and not (model or "").startswith("anthropic/"):
        return _MAX_ELSEWHERE
    return effort


def _base_url(provider: str, env: Mapping[str, str]) -> str | None:
    url = env.get(f"{provider.upper()}_BASE_URL")
    if not url or provider != "anthropic":
        return url or None
    url = url.rstrip("/")
    return url if url.endswith("/v1") else f"{url}/v1"
