"""Tokens, seconds and cost, summed from what agents report."""

from decimal import Decimal

from courier.resources.model import Model


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
            agent_seconds=self.agent_seconds + other.agent_seconds,
            sandbox_seconds=self.sandbox_seconds + other.sandbox_seconds,
        )


def _add_costs(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    if left is None or right is None:
        return right if left is None else left
    return left + right
