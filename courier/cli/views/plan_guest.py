"""A sandbox for people that a plan would make, as text."""

from collections.abc import Iterator

from courier.cli.views.figures import took
from courier.cli.views.ink import Ink, safe
from courier.planning.plan import StartSandbox

_INDENT = "      "


def lines(start: StartSandbox, ink: Ink) -> Iterator[str]:
    """Yield the lines that tell what would be made."""
    sign, name = ink.paint("+", "bold", "green"), ink.paint(safe(start.run), "bold")
    yield f"  {sign} {name}  {ink.paint(safe(start.reason), 'dim')}"
    for label, told in _facts(start):
        yield f"{_INDENT}{ink.paint(f'{label:<9}', 'dim')} {safe(told)}"


def _facts(start: StartSandbox) -> Iterator[tuple[str, str]]:
    guest = start.sandbox
    step, git = guest.plan.steps[0], guest.plan.git
    if guest.messages:
        yield "prompt", guest.plan.title
    yield "agent", " ".join(part for part in (step.agent, step.model, step.effort) if part)
    yield "branch", f"{git.base_branch} {git.base_commit[:10]} -> {git.branch}"
    yield "lives", f"{took(guest.lives_seconds)} after the last thing that happens in it"
    if len(guest.messages) > 1:
        yield "messages", f"{len(guest.messages)} to answer"
