"""What a run may cost and take, as a band from what earlier runs of its workflow took."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from courier.planning.observed.history import Sample
from courier.planning.plan import Estimate

_Number = TypeVar("_Number", int, float, Decimal)


def estimate(samples: Sequence[Sample]) -> Estimate | None:
    """Return the band most of the samples lie in; None without any sample.

    The band runs from the tenth to the ninetieth percentile, so that with ten samples or fewer it
    is the whole range. Costs are left out where no run reported one.
    """
    if not samples:
        return None
    seconds = _band([sample.seconds for sample in samples])
    tokens = _band([sample.tokens for sample in samples])
    costs = [sample.cost_usd for sample in samples if sample.cost_usd is not None]
    cost = _band(costs) if costs else (None, None)
    return Estimate(
        runs=len(samples),
        seconds_low=round(seconds[0], 1),
        seconds_high=round(seconds[1], 1),
        tokens_low=tokens[0],
        tokens_high=tokens[1],
        usd_low=cost[0],
        usd_high=cost[1],
    )


def _band(values: Sequence[_Number]) -> tuple[_Number, _Number]:
    ordered = sorted(values)
    cut = (len(ordered) - 1) // 10
    return ordered[cut], ordered[len(ordered) - 1 - cut]
