"""The process that carries a brief out with OpenCode."""

from courier.agents.opencode.settings import settings_json, variant
from courier.agents.opencode.stream import OpenCodeTranslator
from courier.runs.briefs.brief import Brief, Launch
from courier.runs.briefs.keys import each_key
from courier.runs.briefs.placement import Places, place
from courier.runs.briefs.slash import slash_of

_PREFERRED = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
}
"""What a project may set otherwise."""

_SECRETS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY")
"""Any one of them may be enough, so each is optional."""


class OpenCodeDriver:
    """One turn of ``opencode run``.

    Its settings come in a variable; instructions, skills and slash commands lie in the scratch
    directory, and conversations in its data folder below the home.

    ``ANTHROPIC_BASE_URL`` (without ``/v1``),
    ``OPENAI_BASE_URL`` and ``OPENROUTER_BASE_URL`` (both with it) in the brief's variables send
    those providers elsewhere. A model is ``provider/model``; without a provider, Claude models
    are asked of Anthropic and all others of OpenAI.
    """

    name = "opencode"

    def launch(self, brief: Brief) -> Launch:
        """Return the process that takes one turn."""
        settings = settings_json(brief)
        folder = f"{brief.scratch}/opencode"
        places = Places(f"{folder}/AGENTS.md", f"{folder}/skills", f"{folder}/command")
        placed = place(brief, places)
        slash = slash_of(brief.prompt, brief.commands)
        return Launch(
            argv=(
                *("opencode", "run", "--format", "json", "--auto", "--thinking"),
                # Without a title it asks the model for one.
                *("--title", "courier"),
                *(("--model", settings.model) if settings.model else ()),
                *(("--variant", variant(brief.effort, settings.model)) if brief.effort else ()),
                *(("--session", brief.session) if brief.session else ()),
                *(("--command", slash.command.name) if slash else ()),
                *(f"--file={path}" for path in brief.images),
            ),
            stdin=slash.said if slash else brief.prompt,
            files={f"{folder}/opencode.json": b"{}\n", **placed.files},
            executable=placed.executable,
            env={
                **_PREFERRED,
                **brief.env,
                "OPENCODE_CONFIG_CONTENT": settings.text,
                "OPENCODE_CONFIG_DIR": folder,
                # It believes this variable more than the directory it runs in.
                "PWD": brief.workspace,
            },
            secrets=each_key(brief, _SECRETS),
        )

    def translator(self, brief: Brief) -> OpenCodeTranslator:
        """Return a fresh translator for one turn."""
        return OpenCodeTranslator(session=brief.session)
