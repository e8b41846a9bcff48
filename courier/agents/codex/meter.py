"""What one turn used, from totals that run over the whole conversation."""

from courier.runs.texts.fields import Fields, count
from courier.runs.usage.usage import Usage


class Meter:
    """Subtracts what was already counted; Codex's input includes what was cached.

    Args:
        used: What earlier turns of the conversation used.
    """

    def __init__(self, used: Usage) -> None:
        self._before = used

    def add(self, totals: Fields) -> Usage:
        """Return what the totals add to what was known before."""
        cached, written = count(totals, "cached_input_tokens"), count(totals, _WRITTEN)
        now = Usage(
            input_tokens=max(0, count(totals, "input_tokens") - cached - written),
            output_tokens=count(totals, "output_tokens"),
            cache_read_tokens=cached,
            cache_write_tokens=written,
        )
        before, self._before = self._before, now
        return Usage(
            input_tokens=max(0, now.input_tokens - before.input_tokens),
            output_tokens=max(0, now.output_tokens - before.output_tokens),
            cache_read_tokens=max(0, now.cache_read_tokens - before.cache_read_tokens),
            cache_write_tokens=max(0, now.cache_write_tokens - before.cache_write_tokens),
        )


_WRITTEN = "cache_write_input_tokens"
