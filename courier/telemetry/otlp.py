"""Where spans go: an OpenTelemetry collector, over OTLP and HTTP; the only door to its library."""

from collections.abc import Sequence
from datetime import datetime

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from courier.telemetry.spans import Span

EXPORT_SECONDS = 5.0
"""How long a collector may take."""


class Exporter:
    """Sends spans.

    Args:
        endpoint: Where they are taken, e.g. ``http://localhost:4318/v1/traces``.
        version: Courier's.
        service: What this courier is called there.
    """

    def __init__(self, endpoint: str, *, version: str, service: str) -> None:
        self._exporter = OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_SECONDS)
        named = {"service.name": service, "service.version": version}
        self._resource = Resource.create(named)
        self._scope = InstrumentationScope("courier", version)

    def send(self, spans: Sequence[Span]) -> bool:
        """Send them all; return whether they were taken."""
        made = [self._readable(span) for span in spans]
        return self._exporter.export(made) is SpanExportResult.SUCCESS

    def _readable(self, span: Span) -> ReadableSpan:
        faulty = {"error.type": span.fault} if span.fault else {}
        return ReadableSpan(
            span.name,
            context=_context(span.trace, span.id),
            parent=None if span.parent is None else _context(span.trace, span.parent),
            resource=self._resource,
            attributes={**span.attributes, **faulty},
            kind=SpanKind.CLIENT if span.calls_out else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, span.fault) if span.fault else Status(StatusCode.OK),
            start_time=_nanoseconds(span.began),
            end_time=_nanoseconds(span.ended),
            instrumentation_scope=self._scope,
        )


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1000
