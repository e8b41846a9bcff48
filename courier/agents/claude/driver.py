"""The process that carries a brief out with Claude Code."""

from courier.agents.claude.stream import ClaudeTranslator
from courier.runs.briefs.brief import Brief, Launch
from courier.runs.briefs.keys import any_key
from courier.runs.briefs.placement import Places, place

_PREFERRED = {"CLAUDE_CODE_MAX_RETRIES": "3"}
"""What a project may set otherwise; left alone, a wrong key is retried for three minutes."""

_FIXED = {
    # Without it the CLI refuses to act freely as root; the sandbox is the boundary.
    "IS_SANDBOX": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    # A background command would wake the model after its turn and end it a second time.
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
}

_SECRETS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
"""Any one of them is enough, so each is optional."""


class ClaudeDriver:
    """One turn of Claude Code without a terminal.

    The prompt goes in on stdin, so its size and first character do not matter; pictures are named
    in it, which puts them into the request. A session is always continued by its id. Its files,
    instructions, skills and slash commands lie in the scratch directory, so that nothing of it
    is ever committed. ``ANTHROPIC_BASE_URL`` in the brief's variables, without ``/v1``,
    sends it to another provider.
    """

    name = "claude"

    def launch(self, brief: Brief) -> Launch:
        """Return the process that takes one turn."""
        home = f"{brief.scratch}/claude"
        placed = place(brief, Places(f"{home}/CLAUDE.md", f"{home}/skills", f"{home}/commands"))
        return Launch(
            argv=(
                *("claude", "-p", "--output-format", "stream-json", "--verbose"),
                "--dangerously-skip-permissions",
                *_option("--model", brief.model),
                *_option("--effort", brief.effort),
                *_option("--resume", brief.session),
                *_option("--max-budget-usd", brief.max_usd),
            ),
            stdin=_prompt(brief),
            files=placed.files,
            executable=placed.executable,
            env={**_PREFERRED, **brief.env, **_FIXED, "CLAUDE_CONFIG_DIR": home},
            secrets=any_key(brief, _SECRETS),
        )

    def translator(self, brief: Brief) -> ClaudeTranslator:
        """Return a fresh translator for one turn."""
        return ClaudeTranslator(resumed=brief.session is not None)


def _option(flag: str, value: object | None) -> tuple[str, ...]:
    return () if value is None else (flag, str(value))


def _prompt(brief: Brief) -> str:
    mentions = "\n".join(f'@"{path}"' for path in brief.images)
    return f"{brief.prompt}\n\n{mentions}" if mentions else brief.prompt
