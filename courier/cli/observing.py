"""What watches over a serving process: its metrics, and traces where somebody takes them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from courier import __version__
from courier.cli.here import Here
from courier.engine.serving.fleet import Fleet
from courier.engine.serving.health import Workplaces
from courier.ports.witness import Witnesses
from courier.telemetry.metrics import Metrics, Passes

_USER = re.compile(r"(?<=://)[^/@]*@")


def metrics_of(here: Here, fleet: Fleet) -> Metrics:
    """Have everything that is opened from here counted from now on, and return the counts."""
    redact = here.commons.secrets.redact
    metrics = Metrics(__version__, lambda: _passes(fleet, redact))
    here.commons = replace(here.commons, witness=Witnesses(here.commons.witness, metrics))
    return metrics


def worker_metrics_of(here: Here, workplaces: Workplaces) -> Metrics:
    """Have everything that a worker opens from here counted from now on; return the counts."""
    redact = here.commons.secrets.redact

    def at_work() -> Iterator[tuple[str, int]]:
        for name, engine in workplaces.items():
            yield redact(_USER.sub("", name)), engine.at_work

    metrics = Metrics(__version__, lambda: (), at_work=at_work)
    here.commons = replace(here.commons, witness=Witnesses(here.commons.witness, metrics))
    return metrics


def _passes(fleet: Fleet, redact: Callable[[str], str]) -> Iterator[Passes]:
    for name, daemon in fleet.daemons.items():
        if daemon is not None:
            pulse = daemon.pulse
            counts = sorted(pulse.passes.items())
            place = redact(_USER.sub("", name))
            yield Passes(place, counts, pulse.seconds, pulse.queued, pulse.in_flight)
