"""What probes are answered: 200 when all is well, else 503, and the reasons as JSON."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from courier.web.message import Handler, Request, Response, json_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ALIVE = "/healthz"
"""Whether the process should be left running."""

READY = "/readyz"
"""Whether it does its work."""

METRICS = "/metrics"
"""What is counted, for Prometheus."""

Look = Callable[[], Awaitable[Sequence["DataclassInstance"]]]
"""Returns what is wrong; nothing if all is well."""


def probe(look: Look) -> Handler:
    """Return what answers a probe.

    Args:
        look: Finds what is wrong.
    """

    async def answer(_request: Request) -> Response:
        reasons: list[dict[str, Any]] = [asdict(one) for one in await look()]
        status = "unavailable" if reasons else "ok"
        told = {"formatVersion": 1, "status": status, "reasons": reasons}
        return json_of(told, status=503 if reasons else 200)

    return answer


def exposition(text: Callable[[], bytes], media_type: str) -> Handler:
    """Return what answers with a text that is made anew each time."""

    async def answer(_request: Request) -> Response:
        return Response(200, text(), media_type)

    return answer
