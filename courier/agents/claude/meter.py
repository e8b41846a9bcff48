"""What one process used, counted once, from lines that repeat and accumulate."""

from decimal import Decimal

from courier.runs.texts.fields import Fields, count, dollars, inner, words
from courier.runs.usage.usage import Usage


class Meter:
    """Adds up one process.

    Messages are counted when they first appear, so that a budget sees them while the turn goes
    on and a killed process is not free; every result then brings the rest. The CLI's own totals
    accumulate over a resumed session, so only what it counted since its last result is used.
    """

    def __init__(self, *, resumed: bool) -> None:
        self._messages: set[str] = set()
        self._reported = Usage()
        self._total = None if resumed else Decimal(0)

    def add_message(self, message: Fields) -> Usage:
        """Return what a message adds; nothing if it was counted or says nothing.

        A message comes in several lines that repeat the usage of its start, where the output
        is not known yet.
        """
        id = words(message, "id")
        used = _tokens(inner(message, "usage"))
        if not id or id in self._messages or used == Usage():
            return Usage()
        self._messages.add(id)
        self._reported += used
        return used

    def add_result(self, result: Fields) -> Usage:
        """Return what a result adds to what was reported since the one before it."""
        used = self._since_last(result)
        seen, self._reported = self._reported, Usage()
        return Usage(
            input_tokens=max(0, used.input_tokens - seen.input_tokens),
            output_tokens=max(0, used.output_tokens - seen.output_tokens),
            cache_read_tokens=max(0, used.cache_read_tokens - seen.cache_read_tokens),
            cache_write_tokens=max(0, used.cache_write_tokens - seen.cache_write_tokens),
            cost_usd=used.cost_usd,
        )

    def _since_last(self, result: Fields) -> Usage:
        total, before = dollars(result, "total_cost_usd"), self._total
        self._total = total
        models = result.get("model_usage_since_last_result")
        if isinstance(models, dict):
            return sum((_model(inner(models, name)) for name in models), Usage(cost_usd=Decimal(0)))
        if total is None or before is None:
            return _tokens(inner(result, "usage"))
        return _tokens(inner(result, "usage")).model_copy(update={"cost_usd": total - before})


def _tokens(usage: Fields) -> Usage:
    return Usage(
        input_tokens=count(usage, "input_tokens"),
        output_tokens=count(usage, "output_tokens"),
        cache_read_tokens=count(usage, "cache_read_input_tokens"),
        cache_write_tokens=count(usage, "cache_creation_input_tokens"),
    )


def _model(usage: Fields) -> Usage:
    return Usage(
        input_tokens=count(usage, "inputTokens"),
        output_tokens=count(usage, "outputTokens"),
        cache_read_tokens=count(usage, "cacheReadInputTokens"),
        cache_write_tokens=count(usage, "cacheCreationInputTokens"),
        cost_usd=dollars(usage, "costUSD"),
    )
