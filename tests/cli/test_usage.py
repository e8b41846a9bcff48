"""What `courier usage` sums from the state branch alone, in any clone."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from courier.ports.state import AppendLine, Change, WriteFile
from courier.runs.records.charges import Charge
from courier.runs.usage.usage import Unpriced, Usage
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import SystemClock
from tests.cli.program import courier
from tests.contracts.scratch import git, put

OLD = {
    "key": "ancient",
    "run": "ancient",
    "project": "shop",
    "workflow": "fix",
    "endedAt": "2026-10-02T10:00:00+00:00",
    "steps": [{"step": "design", "agent": "codex", "model": None, "inputTokens": 7}],
    "total": {},
}


def line(run: str, at: datetime, usage: Usage, **changes: object) -> Charge:
    found = Charge(
        key=f"{run}/design-1.1",
        at=at,
        sort="step",
        project="shop",
        run=run,
        workflow="fix",
        step="design",
        agent="claude",
        service="anthropic",
        model="sonnet",
        usage=usage,
    )
    return found.model_copy(update=changes)


LINES = (
    line(
        "one",
        datetime(2026, 11, 20, 23, 59, tzinfo=UTC),
        Usage(input_tokens=1000, cache_read_tokens=500, cost_usd=Decimal("0.25")),
        persona="ada",
    ),
    line(
        "two",
        datetime(2026, 11, 21, 0, 1, tzinfo=UTC),
        Usage(
            output_tokens=2_000_000,
            priced_usd=Decimal("30"),
            unpriced=(Unpriced(service="openai", metric="cacheReadTokens", amount=123_456),),
            agent_seconds=75,
        ),
        agent="codex",
        model=None,
    ),
    line("three", datetime(2026, 11, 21, tzinfo=UTC), Usage(cost_usd=Decimal(1)), project="site"),
)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("usage")
    origin, root = folder / "origin.git", folder / "clone"
    git("init", "-q", "--bare", "-b", "main", str(origin), cwd=folder)
    git("clone", "-q", str(origin), str(root), cwd=folder)
    git("switch", "-q", "-c", "main", cwd=root)
    put(root, {"README.md": "Hello\n"})
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "First", cwd=root)
    git("push", "-q", "origin", "main", cwd=root)
    asyncio.run(write(folder, origin))
    return root


async def write(folder: Path, origin: Path) -> None:
    mirror = Mirror(folder / "writer", remote=str(origin), clock=SystemClock())
    await mirror.open()
    state = StateBranch(mirror)
    appended: list[Change] = [AppendLine(one.path, one.to_line(), one.key) for one in LINES]
    torn = json.dumps(OLD).encode() + b'\n{"key": "torn", "us\n'
    await state.write([*appended, WriteFile("usage/2026-10.jsonl", torn)], message="Usage")
    await state.close()
    await mirror.close()


def test_days_are_summed_with_what_has_no_price(clone: Path) -> None:
    said = courier("usage", "--since", "2026-11-01", "--until", "2026-11-30", cwd=clone)
    assert said.code == 0
    assert said.out.splitlines() == [
        "DAY          RUNS      IN   CACHED         OUT   AGENT   SANDBOX         COST",
        "2026-11-20      1   1,500      500           0    0.0s      0.0s      $0.2500",
        "2026-11-21      2       0        0   2,000,000   1m15s      0.0s   ≥ $31.0000",
        "total           3   1,500      500   2,000,000   1m15s      0.0s   ≥ $31.2500",
    ]
    assert "No price is known for 123,456 cacheReadTokens of openai." in said.err
    assert "CostRates" in said.err


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("project", ["shop", "site"]),
        ("persona", ["-", "ada"]),
        ("workflow", ["fix"]),
        ("agent", ["claude", "codex"]),
        ("model", ["-", "sonnet"]),
        ("day", ["2026-11-20", "2026-11-21"]),
        ("run", ["one", "three", "two"]),
    ],
)
def test_every_grouping_sums_to_the_same_total(clone: Path, by: str, names: list[str]) -> None:
    window = ("--since", "2026-11-01", "--until", "2026-11-30")
    told = json.loads(courier("usage", "--by", by, *window, "-o", "json", cwd=clone).out)
    assert [group["name"] for group in told["groups"]] == names
    assert (told["formatVersion"], told["total"]["usd"]) == (1, "31.25")
    known = [Decimal(group["usd"]) for group in told["groups"]]
    assert sum(known) == Decimal("31.25")


def test_one_project_and_one_day_alone(clone: Path) -> None:
    window = ("--since", "2026-11-21", "--until", "2026-11-21", "--project", "site")
    told = json.loads(courier("usage", "--by", "run", *window, "-o", "json", cwd=clone).out)
    assert [group["name"] for group in told["groups"]] == ["three"]


def test_csv_has_plain_numbers(clone: Path) -> None:
    window = ("--since", "2026-11-01", "--until", "2026-11-30")
    said = courier("usage", "--by", "agent", *window, "-o", "csv", cwd=clone)
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [(row["agent"], row["usd"]) for row in rows] == [("claude", "1.25"), ("codex", "30")]
    assert rows[1]["unpriced"] == "openai * cacheReadTokens 123456"


def test_lines_of_whole_runs_are_read_and_torn_ones_passed_over(clone: Path) -> None:
    window = ("--since", "2026-10-01", "--until", "2026-10-31")
    told = json.loads(courier("usage", "--by", "agent", *window, "-o", "json", cwd=clone).out)
    (group,) = told["groups"]
    assert (group["name"], group["inputTokens"], group["usd"]) == ("codex", 7, None)


def test_nothing_used_and_days_the_wrong_way_round(clone: Path) -> None:
    said = courier("usage", "--since", "2025-01-01", "--until", "2025-01-31", cwd=clone)
    assert said.out == "Nothing was used from 2025-01-01 to 2025-01-31.\n"
    wrong = courier("usage", "--since", "2026-02-01", "--until", "2026-01-01", cwd=clone)
    assert wrong.code == 2
    assert "2026-02-01 is after 2026-01-01" in wrong.err
