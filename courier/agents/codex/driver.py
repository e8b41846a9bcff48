"""The process that carries a brief out with Codex."""

import json
from collections.abc import Iterator
from typing import Final

from courier.agents.codex.stream import CodexTranslator
from courier.runs.briefs.brief import Brief, Launch
from courier.runs.briefs.keys import given, variable_of
from courier.runs.briefs.placement import Places, place

KEY: Final = "CODEX_API_KEY"
"""The variable Codex is told to read its key from, whatever the secret is called."""

_OPENAI_KEY: Final = "OPENAI_API_KEY"
_OPENROUTER_KEY: Final = "OPENROUTER_API_KEY"

_OPENAI: Final = "https://api.openai.com/v1"
_OPENROUTER: Final = "https://openrouter.ai/api/v1"

_EFFORTS: Final = {"max": "xhigh"}
"""Words of ours that Codex says otherwise."""


class CodexDriver:
    """One turn of ``codex exec``.

    Its configuration, sessions, instructions and skills lie in the scratch directory; slash
    commands it does not know without a terminal. The
    provider is a declared one, because the built-in one ignores ``OPENAI_BASE_URL`` and tries
    WebSockets first. ``OPENAI_BASE_URL``, else ``OPENROUTER_BASE_URL``, in the brief's variables
    sends it elsewhere; it speaks the Responses protocol only.
    """

    name = "codex"

    def launch(self, brief: Brief) -> Launch:
        """Return the process that takes one turn."""
        home = f"{brief.scratch}/codex"
        placed = place(brief, Places(f"{home}/AGENTS.md", f"{home}/skills"))
        goes_on = ("resume",) if brief.session else ()
        session = (brief.session,) if brief.session else ()
        return Launch(
            argv=(
                *("codex", "exec", *goes_on, "--json"),
                *("--dangerously-bypass-approvals-and-sandbox", "--skip-git-repo-check"),
                *(("-m", brief.model) if brief.model else ()),
                *(f"--image={path}" for path in brief.images),
                *session,
                "-",
            ),
            stdin=brief.prompt,
            files={f"{home}/config.toml": "".join(_config(brief)).encode(), **placed.files},
            executable=placed.executable,
            # Codex tells in local time when a limit ends.
            env={"TZ": "UTC", **brief.env, **_plain_key(brief), "CODEX_HOME": home},
            secrets=(*brief.secrets, *_keys(brief)),
        )

    def translator(self, brief: Brief) -> CodexTranslator:
        """Return a fresh translator for one turn."""
        return CodexTranslator(session=brief.session, used=brief.used, asked_at=brief.asked_at)


def _config(brief: Brief) -> Iterator[str]:
    """Yield Codex's settings as TOML."""
    if brief.effort:
        yield f"model_reasoning_effort = {_text(_EFFORTS.get(brief.effort, brief.effort))}\n"
    yield (
        'model_provider = "courier"\n'
        "check_for_update_on_startup = false\n"
        "[analytics]\nenabled = false\n"
        "[features]\nplugins = false\napps = false\n"
        "[model_providers.courier]\n"
        'name = "courier"\nwire_api = "responses"\n'
        f"base_url = {_text(_base_url(brief))}\nenv_key = {_text(KEY)}\n"
        # Left alone, a wrong key is tried six times.
        "request_max_retries = 3\nstream_max_retries = 3\n"
    )


def _base_url(brief: Brief) -> str:
    url = brief.env.get("OPENAI_BASE_URL") or brief.env.get("OPENROUTER_BASE_URL")
    return url or (_OPENROUTER if _uses_openrouter(brief) else _OPENAI)


def _uses_openrouter(brief: Brief) -> bool:
    if brief.env.get("OPENAI_BASE_URL"):
        return False
    named = given(brief)
    return bool(brief.env.get("OPENROUTER_BASE_URL")) or (
        _OPENROUTER_KEY in named and not named & {_OPENAI_KEY, KEY}
    )


def _source(brief: Brief) -> str:
    """Return the variable that stands for the key, where Codex's own is not given."""
    return _OPENROUTER_KEY if _uses_openrouter(brief) else _OPENAI_KEY


def _keys(brief: Brief) -> tuple[str, ...]:
    """Return where the key may be; of those that have a value the last one counts."""
    if KEY in given(brief) or _plain_key(brief):
        return ()
    source = _source(brief)
    for secret in brief.secrets:
        if variable_of(secret) == source:
            optional = "?" if secret.startswith("?") else ""
            return (f"{optional}{KEY}={secret.lstrip('?').rpartition('=')[2]}",)
    return (f"?{KEY}={source}", f"?{KEY}")


def _plain_key(brief: Brief) -> dict[str, str]:
    """Return the key where it is no secret, as for a proxy that wants none."""
    value = brief.env.get(_source(brief))
    return {KEY: value} if value and KEY not in given(brief) else {}


def _text(value: str) -> str:
    """Return a TOML string."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
