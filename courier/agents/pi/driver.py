"""The process that carries a brief out with Pi."""

import json
from typing import Final

from courier.agents.pi.stream import PiTranslator
from courier.runs.briefs.brief import Brief, Launch
from courier.runs.briefs.keys import each_key
from courier.runs.briefs.placement import Places, place

_PROVIDERS: Final = ("anthropic", "openai", "openrouter")

_SECRETS: Final = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY")
"""Any one of them may be enough, so each is optional."""

_CHAT: Final = {"api": "openai-completions", "reasoning": True, "input": ["text", "image"]}
"""A model that is asked by Chat Completions."""

_PREFERRED: Final = {"PI_OFFLINE": "1", "PI_TELEMETRY": "0"}
"""What a project may set otherwise."""


class PiDriver:
    """One turn of ``pi --print``.

    Its settings, models, conversations, instructions, skills and slash commands (its prompt
    templates) lie in the scratch directory.
    ``ANTHROPIC_BASE_URL`` (without ``/v1``), ``OPENAI_BASE_URL`` and ``OPENROUTER_BASE_URL``
    (both with it) in the brief's variables send those providers elsewhere. A model is
    ``provider/model``; without a provider, Claude models are asked of Anthropic and all others of
    OpenAI.
    """

    name = "pi"

    def launch(self, brief: Brief) -> Launch:
        """Return the process that takes one turn."""
        folder = f"{brief.scratch}/pi"
        places = Places(f"{folder}/AGENTS.md", f"{folder}/skills", f"{folder}/prompts")
        placed = place(brief, places)
        return Launch(
            argv=(
                *("pi", "--mode", "json", "--print"),
                *_model(brief.model),
                *(("--thinking", brief.effort) if brief.effort else ()),
                *(("--session", brief.session) if brief.session else ()),
                *(f"@{path}" for path in brief.images),
            ),
            stdin=brief.prompt,
            files={f"{folder}/models.json": _providers(brief).encode(), **placed.files},
            executable=placed.executable,
            env={**_PREFERRED, **brief.env, "PI_CODING_AGENT_DIR": folder},
            secrets=each_key(brief, _SECRETS),
        )

    def translator(self, brief: Brief) -> PiTranslator:
        """Return a fresh translator for one turn."""
        return PiTranslator(session=brief.session)


def _model(model: str | None) -> tuple[str, ...]:
    if model is None:
        return ()
    provider, slash, name = model.partition("/")
    if not slash:
        provider, name = ("anthropic" if model.startswith("claude") else "openai"), model
    return ("--provider", provider, "--model", name)


def _providers(brief: Brief) -> str:
    """Return Pi's models file: where its own providers are, if elsewhere."""
    urls = {name: brief.env.get(f"{name.upper()}_BASE_URL") for name in _PROVIDERS}
    told: dict[str, dict[str, object]] = {
        name: {"baseUrl": url} for name, url in urls.items() if url
    }
    model = (brief.model or "").removeprefix("openrouter/")
    if model.startswith("anthropic/") and model != brief.model and "openrouter" in told:
        # Some of these it asks by Messages, at OpenRouter's own address for that protocol.
        told["openrouter"]["models"] = [{"id": model, **_CHAT}]
    return json.dumps({"providers": told})
