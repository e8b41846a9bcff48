"""Cost rates: what services charge, from which day on."""

from typing import Annotated, Literal

from pydantic import Field

from courier.resources.envelope import Resource, Spec
from courier.resources.values import WHOLE, Day, Line, ModelName, Money, SomeItems


class CostRate(Spec):
    """What one service charges for one thing."""

    service: Line
    """Who charges, such as `anthropic`, `openai` or `e2b`."""
    model: ModelName | None = None
    """The model it is for; without it, every model of the service that has no rate of its own."""
    metric: Literal[
        "inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "sandboxSeconds"
    ]
    """What is counted."""
    usd: Money
    """US dollars for `per` of it."""
    per: Annotated[int, Field(ge=1, le=1_000_000_000), WHOLE] = 1
    """How many of it the price is for, such as 1000000 tokens."""
    effective_from: Day
    """The first day it holds, in UTC; the latest rate that holds counts."""


class CostRatesSpec(Spec):
    """The rates."""

    rates: SomeItems[CostRate]
    """The rates, in any order. What has no rate is reported as unknown, never as free."""


class CostRates(Resource):
    """What services charge, from which day on."""

    kind: Literal["CostRates"]
    """Always `CostRates`."""
    spec: CostRatesSpec
    """The rates."""
