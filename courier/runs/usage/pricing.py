"""Prices: what a usage costs by the rates that hold at a moment, and what has no rate.

A cost an agent reports itself wins over the rates: its provider knows discounts, tiers and models
asked on the side. What was reported without one is priced by rates; what has no rate is told as
unknown and never counts as free.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from re import compile as pattern
from typing import Final

from courier.resources.model import Model
from courier.runs.usage.usage import Metric, Unpriced, Usage, joined

EMBEDDED: Final = "embedded"
"""The service of sandboxes on this machine: nobody charges for them unless a rate says so."""

AGENT_SERVICES: Final = {"claude": "anthropic", "codex": "openai"}
"""Agents whose model's name does not say who charges for it."""

_PLACES: Final = Decimal("1E-12")
_DATED: Final = pattern(r"-(20\d{6}|20\d{2}-\d{2}-\d{2})$")
_TOKENS: Final[tuple[tuple[str, Metric], ...]] = (
    ("input_tokens", "inputTokens"),
    ("output_tokens", "outputTokens"),
    ("cache_read_tokens", "cacheReadTokens"),
    ("cache_write_tokens", "cacheWriteTokens"),
)


class FrozenRate(Model):
    """What one service charges for one thing from a day on."""

    service: str
    model: str | None = None
    metric: Metric
    usd: Decimal
    per: int = 1
    effective_from: date


class FrozenRates(Model):
    """The rates a run is priced by, whatever the documents say later."""

    rates: tuple[FrozenRate, ...] = ()
    machines: str = EMBEDDED
    """The service that charges for sandboxes."""
    digest: str = ""
    """Digest of the rates, equal for equal rates."""

    def find(
        self, service: str, models: Sequence[str], metric: Metric, *, on: date
    ) -> FrozenRate | None:
        """Return the rate that holds on a day, or None.

        Args:
            service: Who charges.
            models: The model's names, the most telling first; a rate for one of them goes before
                a rate for every model of the service.
            metric: What is counted.
            on: The day, in UTC; of several rates the one that holds since latest counts.
        """
        holding = [
            rate
            for rate in self.rates
            if (rate.service, rate.metric) == (service, metric) and rate.effective_from <= on
        ]
        for model in (*models, None):
            fitting = [rate for rate in holding if rate.model == model]
            if fitting:
                return max(fitting, key=lambda rate: (rate.effective_from, rate.usd))
        return None


@dataclass(frozen=True, slots=True)
class Charge:
    """Who charges for an agent's tokens.

    Attributes:
        service: The provider, e.g. ``anthropic``.
        models: The names of the model, the most telling first; empty where none is known.
        at: The moment whose rates hold, in UTC.
    """

    service: str
    models: tuple[str, ...]
    at: datetime


def charge_for(agent: str, model: str | None, *, told: str | None = None, at: datetime) -> Charge:
    """Return who charges for what an agent uses.

    Args:
        agent: The agent's name; it is the service where nothing else says who that is.
        model: The model it was asked to use, with its provider in front where agents write it so.
        told: The model it said it uses.
        at: The moment whose rates hold.
    """
    service = service_of(agent, model or told)
    names = [name.removeprefix(f"{service}/") for name in (told, model) if name]
    every = (each for name in names for each in (name, _DATED.sub("", name)))
    return Charge(service, tuple(dict.fromkeys(every)), at)


def service_of(agent: str, model: str | None) -> str:
    """Return who charges for an agent's tokens: known by the agent, or in front of the model."""
    provider, slash, _ = (model or "").partition("/")
    return AGENT_SERVICES.get(agent) or (provider if slash else agent)


def priced(usage: Usage, rates: FrozenRates | None, charge: Charge) -> Usage:
    """Return a usage with what its tokens cost; without rates at all it is returned as it is."""
    if rates is None:
        return usage
    total, unknown = _tokens(usage, rates, charge)
    if usage.cost_usd is not None:
        return usage.model_copy(update={"listed_usd": total})
    return usage.model_copy(update={"priced_usd": total, "unpriced": joined(unknown)})


def with_sandbox(usage: Usage, seconds: float, rates: FrozenRates | None, *, at: datetime) -> Usage:
    """Return a usage with a sandbox that was held for so long, and what that cost."""
    held = Usage(sandbox_seconds=seconds)
    if rates is None or not seconds:
        return usage + held
    rate = rates.find(rates.machines, (), "sandboxSeconds", on=_day(at))
    if rate is not None:
        held = held.model_copy(update={"priced_usd": _price(rate, seconds)})
    elif rates.machines != EMBEDDED:
        unknown = Unpriced(service=rates.machines, metric="sandboxSeconds", amount=seconds)
        held = held.model_copy(update={"unpriced": (unknown,)})
    return usage + held


class Bill:
    """What one agent process used so far, priced as its reports come.

    A report with a cost covers the tokens it brings and those reported before it without one:
    agents count tokens as they go and tell what they cost when a turn is done.
    """

    def __init__(self, rates: FrozenRates | None, agent: str, model: str | None) -> None:
        self._rates = rates
        self._agent = agent
        self._model = model
        self._told: str | None = None
        self._covered = Usage()
        self._open = Usage()

    @property
    def model(self) -> str | None:
        """Return the model the agent said it uses."""
        return self._told

    def name(self, model: str | None) -> None:
        """Take in which model the agent says it uses."""
        self._told = model or self._told

    def add(self, usage: Usage) -> None:
        """Take in one report."""
        self._open = self._open + usage
        if usage.cost_usd is not None:
            self._covered, self._open = self._covered + self._open, Usage()

    @property
    def reported(self) -> Usage:
        """Return the sum of the reports, as they came."""
        return self._covered + self._open

    def total(self, *, at: datetime) -> Usage:
        """Return the sum with what it cost by the rates of a moment."""
        charge = charge_for(self._agent, self._model, told=self._told, at=at)
        parts = (self._covered, self._open)
        return sum((priced(part, self._rates, charge) for part in parts), Usage())


def _tokens(
    usage: Usage, rates: FrozenRates, charge: Charge
) -> tuple[Decimal | None, list[Unpriced]]:
    """Return what is known of the price of the tokens, and those without a rate."""
    total: Decimal | None = None
    unknown: list[Unpriced] = []
    for metric, amount in _counted(usage):
        rate = rates.find(charge.service, charge.models, metric, on=_day(charge.at))
        if rate is not None:
            total = (total or Decimal(0)) + _price(rate, amount)
        else:
            model = charge.models[0] if charge.models else None
            unknown.append(
                Unpriced(service=charge.service, model=model, metric=metric, amount=amount)
            )
    return total, unknown


def _counted(usage: Usage) -> Iterator[tuple[Metric, int]]:
    for field, metric in _TOKENS:
        amount: int = getattr(usage, field)
        if amount:
            yield metric, amount


def _price(rate: FrozenRate, amount: float) -> Decimal:
    exact = (Decimal(str(amount)) * rate.usd / rate.per).quantize(_PLACES)
    text = f"{exact:f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
