"""What only the real Claude Code does, through its driver, as a plain process."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from courier.runs.replies.verdict import read_verdict, repair_prompt
from courier.runs.transcripts.transcript import RetryNoticed
from tests.e2e.clis import local
from tests.e2e.clis.situations import CLIS
from tests.e2e.desk import Desk
from tests.fakes.models import Asked, Reply, Say, ScriptedModels, Turn

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (local.TOOLS / "claude").exists(), reason="Claude Code is not installed: `make tools`"
    ),
]


def _forgetful(asked: Asked) -> Reply:
    """Judge without the fence at first, and properly when asked again."""
    if asked.turns == 0:
        return Turn.of(Say("It looks fine to me."))
    return Turn.of(Say('```json\n{"verdict": "pass", "feedback": "Fine."}\n```'))


@pytest.fixture
def sit(tmp_path: Path) -> Iterator[Callable[[str], Desk]]:
    cli = CLIS["claude"]
    root = local.furnish(tmp_path)
    with ScriptedModels({**cli.scripts, "forgetful": _forgetful}) as models:
        yield lambda scenario: Desk(cli, root, models, scenario)


async def test_resume_costs_only_itself(sit: Callable[[str], Desk]) -> None:
    desk = sit("resume")
    _, first = await desk.turn("Turn one.")
    _, second = await desk.turn("Turn two.", session=first.session)
    assert first.usage.cost_usd == 2 * (second.usage.cost_usd or Decimal(0))


async def test_retry_is_seen_and_overcome(sit: Callable[[str], Desk]) -> None:
    events, outcome = await sit("retry").turn("Do it.")
    assert outcome.status == "completed"
    assert [e.reason for e in events if isinstance(e, RetryNoticed)] == ["overloaded (529)"]


async def test_overload_that_lasts_is_told(sit: Callable[[str], Desk]) -> None:
    _, outcome = await sit("overloaded").turn("Do it.")
    assert (outcome.reason, outcome.retryable) == ("Overloaded", True)


async def test_budget_stops_a_model_that_never_ends(sit: Callable[[str], Desk]) -> None:
    _, outcome = await sit("loop").turn("Do it.", max_usd=Decimal("0.01"))
    assert outcome.reason == "BudgetExceeded"


async def test_subscription_limit_says_when_it_ends(sit: Callable[[str], Desk]) -> None:
    secrets = {"CLAUDE_CODE_OAUTH_TOKEN": "scripted"}
    _, outcome = await sit("rate-limited").turn("Do it.", secrets=secrets)
    assert outcome.reason == "RateLimited"
    assert outcome.retry_at is not None
    assert outcome.retry_at.isoformat() == "2026-11-22T00:00:00+00:00"


async def test_auth_token_is_sent_as_bearer(sit: Callable[[str], Desk]) -> None:
    desk = sit("text")
    _, outcome = await desk.turn("Hello.", secrets={"ANTHROPIC_AUTH_TOKEN": "scripted"})
    assert outcome.status == "completed"
    assert desk.models.logged("run")[0].headers["authorization"] == "Bearer scripted"


async def test_unreadable_verdict_is_repaired_in_the_same_conversation(
    sit: Callable[[str], Desk],
) -> None:
    desk = sit("forgetful")
    _, first = await desk.turn("Judge it.")
    verdict = read_verdict(first, agent="claude")
    assert verdict is not None
    assert not verdict.readable
    _, second = await desk.turn(repair_prompt(verdict.feedback), session=first.session)
    repaired = read_verdict(second, agent="claude")
    assert repaired is not None
    assert repaired.passed
