"""Prices: which rate holds, what agents report themselves, and what nobody knows."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from courier.runs.usage.pricing import (
    Bill,
    Charge,
    FrozenRate,
    FrozenRates,
    charge_for,
    priced,
    with_sandbox,
)
from courier.runs.usage.usage import METRICS, Metric, Unpriced, Usage

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MILLION = 1_000_000


def rate(
    metric: Metric,
    usd: str,
    *,
    service: str = "anthropic",
    model: str | None = None,
    since: str = "2026-01-01",
    per: int = MILLION,
) -> FrozenRate:
    return FrozenRate(
        service=service,
        model=model,
        metric=metric,
        usd=Decimal(usd),
        per=per,
        effective_from=date.fromisoformat(since),
    )


def rates(*found: FrozenRate, machines: str = "embedded") -> FrozenRates:
    return FrozenRates(rates=found, machines=machines)


def anthropic(*models: str, at: datetime = AT) -> Charge:
    return Charge("anthropic", models, at)


def usd(usage: Usage, held: FrozenRates, charge: Charge) -> Decimal | None:
    return priced(usage, held, charge).priced_usd


def test_every_metric_has_its_own_price_and_cached_tokens_theirs() -> None:
    held = rates(
        rate("inputTokens", "3"),
        rate("outputTokens", "15"),
        rate("cacheReadTokens", "0.30"),
        rate("cacheWriteTokens", "3.75"),
    )
    used = Usage(
        input_tokens=MILLION,
        output_tokens=MILLION,
        cache_read_tokens=MILLION,
        cache_write_tokens=MILLION,
    )
    assert usd(used, held, anthropic()) == Decimal("22.05")


def test_amounts_are_exact_where_floats_are_not() -> None:
    held = rates(rate("inputTokens", "0.1"))
    used = Usage(input_tokens=3 * MILLION)
    assert usd(used, held, anthropic()) == Decimal("0.3")
    assert usd(Usage(input_tokens=1), held, anthropic()) == Decimal("0.0000001")


def test_a_rate_of_the_model_goes_before_one_of_the_service_even_a_newer_one() -> None:
    held = rates(
        rate("inputTokens", "3", model="sonnet"),
        rate("inputTokens", "9", since="2026-06-01"),
    )
    used = Usage(input_tokens=MILLION)
    assert usd(used, held, anthropic("sonnet")) == 3
    assert usd(used, held, anthropic("opus")) == 9


def test_of_rates_that_hold_the_latest_counts_and_later_ones_do_not_yet() -> None:
    held = rates(
        rate("inputTokens", "1", since="2026-01-01"),
        rate("inputTokens", "2", since="2026-11-21"),
        rate("inputTokens", "4", since="2026-11-22"),
    )
    used = Usage(input_tokens=MILLION)
    days = {"2026-11-20T23:59:59": 1, "2026-11-21T00:00:00": 2, "2026-11-22T00:00:00": 4}
    for told, wanted in days.items():
        at = datetime.fromisoformat(f"{told}+00:00")
        assert usd(used, held, anthropic(at=at)) == wanted


def test_the_day_of_a_rate_is_in_utc() -> None:
    held = rates(rate("inputTokens", "1"), rate("inputTokens", "2", since="2026-11-22"))
    local = datetime.fromisoformat("2026-11-22T00:30:00+02:00")
    assert usd(Usage(input_tokens=MILLION), held, anthropic(at=local)) == 1


def test_what_has_no_rate_is_unknown_with_its_amount_and_never_free() -> None:
    held = rates(rate("inputTokens", "3"))
    used = priced(Usage(input_tokens=MILLION, output_tokens=70), held, anthropic("opus"))
    assert used.priced_usd == 3
    assert used.unpriced == (
        Unpriced(service="anthropic", model="opus", metric="outputTokens", amount=70),
    )
    nothing = priced(Usage(output_tokens=70), rates(), anthropic())
    assert nothing.priced_usd is None
    assert nothing.usd is None


def test_a_rate_of_nothing_is_a_price_and_not_unknown() -> None:
    used = priced(Usage(input_tokens=5), rates(rate("inputTokens", "0")), anthropic())
    assert used.priced_usd == 0
    assert not used.unpriced


def test_a_reported_cost_wins_and_the_list_price_is_kept_beside_it() -> None:
    told = Usage(input_tokens=MILLION, cost_usd=Decimal("2.5"))
    used = priced(told, rates(rate("inputTokens", "3")), anthropic())
    assert (used.cost_usd, used.priced_usd) == (Decimal("2.5"), None)
    assert used.listed_usd == 3
    assert used.spent == Decimal("2.5")
    assert priced(told, rates(), anthropic()).unpriced == ()


def test_without_rates_at_all_a_usage_stays_as_it_is() -> None:
    used = Usage(input_tokens=5)
    assert priced(used, None, anthropic()) is used


@pytest.mark.parametrize(
    ("agent", "model", "told", "service", "models"),
    [
        ("claude", "opus", "claude-opus-4-5-20251101", "anthropic", "claude-opus-4-5-20251101"),
        ("codex", None, None, "openai", None),
        ("opencode", "openrouter/z-ai/glm", None, "openrouter", "z-ai/glm"),
        ("pi", "anthropic/claude-haiku", None, "anthropic", "claude-haiku"),
        ("aider", "sonnet", None, "aider", "sonnet"),
    ],
)
def test_who_charges_is_known_by_the_agent_or_its_model(
    agent: str, model: str | None, told: str | None, service: str, models: str | None
) -> None:
    charge = charge_for(agent, model, told=told, at=AT)
    assert charge.service == service
    assert (charge.models[0] if charge.models else None) == models


def test_a_model_is_found_by_what_it_says_it_is_without_its_date_or_as_it_was_asked_for() -> None:
    charge = charge_for("claude", "opus", told="claude-opus-4-5-20251101", at=AT)
    used = Usage(input_tokens=MILLION)
    for name in ("claude-opus-4-5-20251101", "claude-opus-4-5", "opus"):
        assert usd(used, rates(rate("inputTokens", "7", model=name)), charge) == 7


def test_sandbox_seconds_cost_by_their_service_and_nothing_on_this_machine() -> None:
    second = rate("sandboxSeconds", "0.00003", service="e2b", per=1)
    held = with_sandbox(Usage(), 100.0, rates(second, machines="e2b"), at=AT)
    assert (held.sandbox_seconds, held.priced_usd) == (100, Decimal("0.003"))
    unknown = with_sandbox(Usage(), 100.0, rates(machines="e2b"), at=AT)
    assert unknown.unpriced[0].metric == "sandboxSeconds"
    here = with_sandbox(Usage(), 100.0, rates(second), at=AT)
    assert (here.priced_usd, here.unpriced) == (None, ())


def test_tokens_are_priced_as_they_come_until_the_agent_says_what_they_cost() -> None:
    bill = Bill(rates(rate("inputTokens", "3")), "claude", None)
    bill.add(Usage(input_tokens=MILLION))
    assert bill.total(at=AT).spent == 3
    bill.add(Usage(output_tokens=10, cost_usd=Decimal("2")))
    settled = bill.total(at=AT)
    assert settled.spent == 2
    assert settled.listed_usd == 3
    assert not settled.unpriced
    bill.add(Usage(input_tokens=MILLION))
    assert bill.total(at=AT).spent == 5
    assert bill.reported.input_tokens == 2 * MILLION


def test_pricing_is_additive_and_so_are_sums_in_any_order() -> None:
    chance = random.Random(7)
    names: list[Metric] = list(METRICS.values())
    for _ in range(200):
        held = rates(
            *(
                rate(
                    chance.choice(names),
                    str(Decimal(chance.randrange(10_000)) / 1000),
                    model=chance.choice([None, "a", "b"]),
                    since=str(date(2026, 11, 1) + timedelta(days=chance.randrange(40))),
                    per=chance.choice([1, 1000, MILLION]),
                )
                for _ in range(chance.randrange(12))
            )
        )
        charge = anthropic(*chance.sample(["a", "b", "c"], chance.randrange(3)))
        parts = [
            Usage(
                input_tokens=chance.randrange(9_000),
                output_tokens=chance.randrange(900),
                cache_read_tokens=chance.choice([0, 50]),
                cache_write_tokens=chance.choice([0, 70]),
            )
            for _ in range(chance.randrange(1, 6))
        ]
        apart = [priced(part, held, charge) for part in parts]
        together = priced(sum(parts, Usage()), held, charge)
        assert sum(apart, Usage()) == together
        chance.shuffle(apart)
        assert sum(apart, Usage()) == together
        known = {(each.metric, each.amount) for each in together.unpriced}
        counted = {"inputTokens": together.input_tokens, "outputTokens": together.output_tokens}
        for metric, amount in known:
            assert counted.get(metric, amount) == amount
