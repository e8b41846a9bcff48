"""What the agent in a sandbox is told, and the text its work is proposed with."""

from collections.abc import Iterator

from courier.runs.interactive.account import usage_of
from courier.runs.interactive.frozen import SandboxPlan
from courier.runs.interactive.live import LiveSandbox, Message
from courier.runs.proposal.proposal import BODY_LIMIT, marker
from courier.runs.texts.markdown import harmless, quoted
from courier.runs.texts.material import bounded
from courier.runs.usage.usage import Usage

RULES = """\
You work in an isolated sandbox together with a person who writes to you and may look over your \
shoulder in a terminal. The current directory is a checkout of the repository with a shallow \
history and no remote: do not push, do not fetch; what you leave there is taken out, committed and \
pushed when the sandbox goes. Files under `.courier/`, CI workflow files, CODEOWNERS, \
`.gitmodules` and `.gitattributes` are protected: changes to them are refused."""


def prompt_of(plan: SandboxPlan, message: Message, *, first: bool) -> str:
    """Return what the agent is told: in a new conversation the rules stand before the message."""
    said = message.given.content.strip()
    if not first:
        return said + "\n"
    parts = (RULES, plan.plan.project_instructions.strip(), said)
    return "\n\n".join(part for part in parts if part) + "\n"


def title_of(content: str, *, name: str) -> str:
    """Return one line that says what a sandbox is for."""
    lines = (" ".join(line.lstrip("# ").split()) for line in content.splitlines())
    first = next((line for line in lines if line), "")
    if not first:
        return f"Work from sandbox {name}"
    return first if len(first) <= 100 else first[:99].rstrip() + "…"


def body(plan: SandboxPlan, live: LiveSandbox) -> str:
    """Return the body of the pull request for a sandbox's work, in Markdown."""
    git = plan.plan.git
    branch = live.branch or git.branch
    parts = (
        f"Work from the interactive sandbox `{plan.name}`.",
        *_exchanges(live),
        _numbers(usage_of(plan, live)),
        f"Record: `courier sandbox show {plan.name}` · "
        f"Try it: `git fetch origin {branch} && git switch {branch}`",
        marker(plan.plan.run),
    )
    return bounded("\n\n".join(part for part in parts if part), BODY_LIMIT) + "\n"


def _exchanges(live: LiveSandbox) -> Iterator[str]:
    for message in live.messages:
        asked = quoted(bounded(message.given.content.strip(), 2_000))
        outcome = message.outcome
        if outcome is None:
            answer = "(not answered)"
        elif outcome.status == "completed":
            answer = harmless(bounded(outcome.text.strip(), 4_000)) or "(no words)"
        else:
            answer = f"({outcome.reason}: {harmless(bounded(outcome.message.strip(), 500))})"
        yield f"{asked}\n\n{answer}"


def _numbers(usage: Usage) -> str:
    tokens = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    parts = [f"The sandbox ran {usage.sandbox_seconds:.0f} s"]
    if tokens or usage.output_tokens:
        parts.append(f"{tokens:,} tokens in, {usage.output_tokens:,} out")
    if usage.price:
        parts.append(usage.price)
    return " · ".join(parts)
