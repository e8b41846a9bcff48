"""Traces: one of every run that ends, sent when it is put on record."""

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from courier.ports.witness import EndedRun, Unwatched

if TYPE_CHECKING:
    from courier.telemetry.otlp import Exporter

log = logging.getLogger(__name__)


class Traces(Unwatched):
    """A `courier.ports.witness.Witness` that sends spans.

    Args:
        endpoint: Where they are taken.
        version: Courier's.
        service: What this courier is called there.
    """

    def __init__(self, endpoint: str, *, version: str, service: str) -> None:
        self._endpoint = endpoint
        self._named = {"version": version, "service": service}
        self._exporter: Exporter | None = None
        self._is_lacking = False

    async def ended(self, told: EndedRun) -> None:
        """Send its spans; a collector that takes none costs a few seconds and a warning."""
        from courier.telemetry.spans import spans_of

        exporter = await asyncio.to_thread(self._opened)
        if exporter is None:
            return
        if not await asyncio.to_thread(exporter.send, list(spans_of(told))):
            log.warning("the spans of run %s were not taken", told.plan.run)

    def _opened(self) -> "Exporter | None":
        if self._exporter is None and not self._is_lacking:
            # Only now: it takes long to import, and few commands see a run end.
            try:
                from courier.telemetry.otlp import Exporter
            except ImportError:
                self._is_lacking = True
                log.warning("no spans are sent: install courier with its extra `otel`")
                return None
            self._exporter = Exporter(self._endpoint, **self._named)
        return self._exporter


def traces_of(environment: Mapping[str, str], *, version: str) -> Traces | None:
    """Return what sends spans where the environment says, by OpenTelemetry's variables, or None."""
    endpoint = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
    if not endpoint and (base := environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")):
        endpoint = f"{base.rstrip('/')}/v1/traces"
    if not endpoint or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    service = environment.get("OTEL_SERVICE_NAME") or "courier"
    return Traces(endpoint, version=version, service=service)
