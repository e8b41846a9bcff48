"""Letters to test with."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from courier.resources.notification import Notification
from courier.runs.notices.notice import Letter, Notice, PullRequestTold, RunTold

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def sink(type: str = "slack", name: str = "team", **fields: Any) -> Notification:
    needed = {"slack": {"secretRef": "CHAT"}, "discord": {"secretRef": "CHAT"}}
    told = {"name": name, "type": type, **needed.get(type, {}), **fields}
    return Notification.model_validate_json(json.dumps(told))


def notice(event: Any = "runFailed", **fields: Any) -> Notice:
    run = RunTold(
        name="fix-auth",
        workflow="fix",
        source="manual",
        title="Fix <b>auth</b> & *more*",
        phase="failed",
        reason="BudgetExceeded",
        started_at=AT,
        ended_at=AT,
        score=81.5,
        cost_usd=Decimal("1.25"),
    )
    pull = PullRequestTold(
        number=7,
        status="created",
        title="Fix",
        branch="courier/fix-auth",
        base="main",
        url="https://forge.example/7",
    )
    told: dict[str, Any] = {
        "event": event,
        "key": "run/fix-auth/failed",
        "at": AT,
        "project": "demo",
        "subject": "Run fix-auth",
        "message": "It said <!channel> @everyone [click](https://evil.example) `x`.",
        "run": run,
        "pull_request": pull,
    }
    return Notice(**{**told, **fields})


def letter(to: Notification | None = None, about: Notice | None = None) -> Letter:
    return Letter(
        repository="https://git.example/team/app", notice=about or notice(), sink=to or sink()
    )
