"""Which function answers what."""

from collections.abc import Collection, Mapping

from courier.web.message import Handler, Request, Response, said

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The names by which a machine calls itself."""


class Router:
    """Sends requests to their functions, and refuses all that are none's.

    Args:
        hosts: The names it may be called by besides those of the loopback interface: a browser
            that was lured here by another name gets nothing.
    """

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self._hosts = LOOPBACK | {host.lower() for host in hosts}
        self._routes: dict[str, dict[str, Handler]] = {}

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Have a function answer one method at one path."""
        self._routes.setdefault(path, {})[method] = handler

    @property
    def routes(self) -> Mapping[str, Collection[str]]:
        """Return path to methods."""
        return {path: tuple(found) for path, found in self._routes.items()}

    async def answer(self, request: Request) -> Response:
        """Return the response to a request."""
        if _name(request.headers.get("host", "")) not in self._hosts:
            return said(421, "This host is not served here.")
        found = self._routes.get(request.path)
        if found is None:
            return said(404)
        handler = found.get(request.method)
        if handler is None:
            allowed = ", ".join(sorted(found))
            return Response(405, b"Method Not Allowed\n", headers={"Allow": allowed})
        return await handler(request)


def _name(host: str) -> str:
    """Return a Host header without its port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
