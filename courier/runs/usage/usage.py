"""Tokens, seconds and cost, summed from what agents report and what rates say of it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, Literal, get_args

from courier.resources.model import Model

Metric = Literal[
    "inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "sandboxSeconds"
]
"""What is counted, by the names rates give it."""

METRICS: Final[Mapping[str, Metric]] = {name: name for name in get_args(Metric)}
"""Every metric by its name."""


class Unpriced(Model):
    """An amount that no rate covers: its price is unknown, which is not zero."""

    service: str
    """Who charges for it."""
    model: str | None = None
    """The model, where there is one and it is known."""
    metric: Metric
    amount: float
    """Tokens or seconds."""


class Usage(Model):
    """What was used; adding two usages adds every field."""

    input_tokens: int = 0
    """Tokens sent to the model, cached ones excluded."""
    output_tokens: int = 0
    """Tokens received from the model, reasoning included."""
    cache_read_tokens: int = 0
    """Tokens read from the provider's prompt cache."""
    cache_write_tokens: int = 0
    """Tokens written to the provider's prompt cache."""
    cost_usd: Decimal | None = None
    """US dollars as the agent reported them; null where it reports none, which is not zero."""
    priced_usd: Decimal | None = None
    """US dollars by the rates, for what nobody reported a cost of; null where no rate was met."""
    listed_usd: Decimal | None = None
    """What the rates say of that which has a reported cost; to compare, it does not count."""
    unpriced: tuple[Unpriced, ...] = ()
    """What has neither a reported cost nor a rate, by service, model and metric."""
    agent_seconds: float = 0.0
    """Wall-clock seconds the agent process ran."""
    sandbox_seconds: float = 0.0
    """Wall-clock seconds a sandbox was held."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            cost_usd=_add_costs(self.cost_usd, other.cost_usd),
            priced_usd=_add_costs(self.priced_usd, other.priced_usd),
            listed_usd=_add_costs(self.listed_usd, other.listed_usd),
            unpriced=joined((*self.unpriced, *other.unpriced)),
            agent_seconds=self.agent_seconds + other.agent_seconds,
            sandbox_seconds=self.sandbox_seconds + other.sandbox_seconds,
        )

    @property
    def usd(self) -> Decimal | None:
        """Return the US dollars that are known of, reported or priced; None where none are."""
        return _add_costs(self.cost_usd, self.priced_usd)

    @property
    def spent(self) -> Decimal:
        """Return the US dollars that count against budgets: at least so much was spent."""
        return self.usd or Decimal(0)

    @property
    def price(self) -> str:
        """Return what it costs, for people: empty where nothing is known of it."""
        if self.usd is None:
            return ""
        return f"{'at least ' if self.unpriced else ''}${self.usd:.4f}"


def joined(found: Iterable[Unpriced]) -> tuple[Unpriced, ...]:
    """Return amounts with one entry for each service, model and metric, in their order."""
    amounts: dict[tuple[str, str, str], Unpriced] = {}
    for each in found:
        key = (each.service, each.model or "", each.metric)
        known = amounts.get(key)
        amount = each.amount + (known.amount if known else 0)
        amounts[key] = each if known is None else each.model_copy(update={"amount": amount})
    return tuple(amounts[key] for key in sorted(amounts))


def _add_costs(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    if left is None or right is None:
        return right if left is None else left
    return left + right
