"""The process that carries a brief out with Claude Code."""

from courier.agents.claude.stream import ClaudeTranslator
from courier.runs.brief import Brief, Launch

_PREFERRED = {"CLAUDE_CODE_MAX_RETRIES": "3"}
"""What a project may set otherwise; left alone, a wrong key is retried for three minutes."""

_SECRETS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
"""Any one of them is enough, so each is optional."""


class ClaudeDriver:
    """One turn of Claude Code without a terminal.

    The prompt goes in on stdin, so its size and first character do not matter. A session is
    always continued by its id, and its files lie in the scratch directory, so that nothing of
    it is ever committed. ``ANTHROPIC_BASE_URL`` in the brief's variables, without ``/v1``,
    sends it to another provider.
    """

    name = "claude"

    def launch(self, brief: Brief) -> Launch:
        """Return the process that takes one turn."""
        return Launch(
            argv=(
                *("claude", "-p", "--output-format", "stream-json", "--verbose"),
                "--dangerously-skip-permissions",
                *_option("--model", brief.model),
                *_option("--effort", brief.effort),
                *_option("--resume", brief.session),
                *_option("--max-budget-usd", brief.max_usd),
            ),
            stdin=brief.prompt,
            env={**_PREFERRED, **brief.env, **_fixed(brief)},
            secrets=_secrets(brief),
        )

    def translator(self, brief: Brief) -> ClaudeTranslator:
        """Return a fresh translator for one turn."""
        return ClaudeTranslator(resumed=brief.session is not None)


def _option(flag: str, value: object | None) -> tuple[str, ...]:
    return () if value is None else (flag, str(value))


def _fixed(brief: Brief) -> dict[str, str]:
    return {
        "CLAUDE_CONFIG_DIR": f"{brief.scratch}/claude",
        # Without it the CLI refuses to act freely as root; the sandbox is the boundary.
        "IS_SANDBOX": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        # A background command would wake the model after its turn and end it a second time.
        "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    }


def _secrets(brief: Brief) -> tuple[str, ...]:
    asked = {name.removeprefix("?") for name in brief.secrets}
    return (*brief.secrets, *(f"?{name}" for name in _SECRETS if name not in asked))
