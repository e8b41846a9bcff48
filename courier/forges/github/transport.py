"""Requests to GitHub: signed, paced by its limits, repeated only where that is safe."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from courier import __version__
from courier.errors import Misconfigured, NotFound, Unavailable
from courier.forges.github.address import Address
from courier.forges.github.auth import Credential
from courier.forges.github.faults import GraphQLFault, NotLetIn, RestFault, fault_of, graphql_faults
from courier.forges.github.limits import Limits
from courier.ports.clock import Clock

if TYPE_CHECKING:
    import httpx

SECONDS: Final = 30.0
"""How long one request may take."""

TRIES: Final = 3
"""How often what may be repeated is tried before it counts as not answered."""

PAUSE: Final = 0.5
"""Seconds before the second try; twice that before the third."""

_REPEATABLE: Final = frozenset({"GET", "PUT", "PATCH", "DELETE"})
_REMEMBERED: Final = 2000
_VERSION: Final = "2022-11-28"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was no fault: its status, headers by lower-case name, and JSON or text."""

    status: int
    headers: Mapping[str, str]
    value: Any
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request: its kind of limit, method, whole address, parameters, body and whether it may
    be repeated."""

    kind: str
    method: str
    url: str
    params: Mapping[str, str]
    body: Any
    repeatable: bool


@dataclass(slots=True)
class Transport:
    """The way to one repository on GitHub.

    Attributes:
        address: Where it is.
        credential: Who asks.
        limits: What all who ask in this process keep to.
        clock: Tells the time and waits between tries.
    """

    address: Address
    credential: Credential
    limits: Limits
    clock: Clock
    _client: "httpx.AsyncClient | None" = field(default=None, init=False)
    _known: "OrderedDict[str, Answer]" = field(default_factory=OrderedDict, init=False)

    async def close(self) -> None:
        """Close its connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def token(self) -> str:
        """Return a token that will hold for the next minutes.

        Raises:
            NotLetIn: If there is none.
            Unavailable: If GitHub did not answer.
            Misconfigured: If there is none to be had.
        """
        return await self.credential.token(self._unsigned)

    async def rest(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        """Return the answer to a request below the REST interface.

        Raises:
            NotFound: If there is no such thing, or nobody may see it.
            RestFault: If GitHub refuses what is asked.
            RateLimited: If one has to wait.
            Unavailable: If GitHub did not answer, or with a passing fault. What is no read and no
                idempotent write may have happened all the same.
            Misconfigured: If courier is not let in.
        """
        url = f"{self.address.rest}{path}"
        sent = _Sent("core", method, url, params or {}, body, method in _REPEATABLE)
        return await self._answered(sent)

    async def mine(self, method: str, path: str, **more: Any) -> Answer:
        """Return the answer to a request about the repository; see `rest`."""
        return await self.rest(method, f"{self.address.path}{path}", **more)

    async def query(self, text: str, values: Mapping[str, Any], *, writes: bool = False) -> Any:
        """Return the data GraphQL answers, which may lack parts that there are not.

        Args:
            text: The query.
            values: Its variables; ``owner`` and ``name`` are given.
            writes: Whether it changes anything, and is not repeated.

        Raises:
            GraphQLFault: If GitHub refuses what is asked.
            RateLimited: If one has to wait.
            Unavailable: If GitHub did not answer.
        """
        place = {} if writes else {"owner": self.address.owner, "name": self.address.name}
        body = {"query": text, "variables": {**place, **values}}
        sent = _Sent("graphql", "POST", self.address.graphql, {}, body, not writes)
        told = (await self._answered(sent)).value
        faults = graphql_faults(told)
        data = told.get("data") if isinstance(told, dict) else None
        if faults and (not data or any(one.type != "NOT_FOUND" for one in faults)):
            raise GraphQLFault(faults, data)
        return data

    async def _answered(self, sent: _Sent) -> Answer:
        for tried in range(1, TRIES + 1):
            try:
                return await self._once(sent)
            except NotLetIn:
                raise
            except Unavailable as fault:
                if not sent.repeatable or tried == TRIES or getattr(fault, "retry_at", None):
                    raise
                await self.clock.sleep(PAUSE * tried)
        raise Unavailable("GitHub does not answer.")

    async def _once(self, sent: _Sent) -> Answer:
        self.limits.check(self.address.rest, sent.kind, self.clock.now())
        token = await self.token()
        try:
            return await self._sent(sent, token)
        except NotLetIn:
            if not self.credential.is_app:
                raise
            # A token may be taken back before its time.
            self.credential.forget()
            return await self._sent(sent, await self.token())

    async def _unsigned(
        self, method: str, path: str, body: Mapping[str, Any] | None, bearer: str
    ) -> Mapping[str, Any]:
        """Send what an App proves itself with in place of a token."""
        url = f"{self.address.rest}{path}"
        try:
            answer = await self._sent(_Sent("app", method, url, {}, body, repeatable=True), bearer)
        except (NotFound, NotLetIn, RestFault) as fault:
            raise Misconfigured(
                "GitHub does not know the App, or it is not installed on this repository.",
                detail=str(fault),
                next_step="See GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY in docs/github.md.",
            ) from fault
        found: Mapping[str, Any] = answer.value
        return found

    async def _sent(self, sent: _Sent, token: str) -> Answer:
        import httpx

        key = f"{sent.url}?{sorted(sent.params.items())}" if sent.method == "GET" else ""
        known = self._known.get(key)
        headers = {"Authorization": f"Bearer {token}"}
        if known is not None:
            headers["If-None-Match"] = known.headers["etag"]
        try:
            response = await self._opened().request(
                sent.method,
                sent.url,
                params=sent.params or None,
                json=sent.body,
                headers=headers,
            )
        except httpx.HTTPError as broken:
            told = type(broken).__name__
            raise Unavailable("GitHub does not answer.", detail=told) from broken
        if response.status_code == 304 and known is not None:
            return known
        return self._taken(sent, key, response)

    def _taken(self, sent: _Sent, key: str, response: "httpx.Response") -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        text = response.text
        status = response.status_code
        now = self.clock.now()
        self.limits.learn(self.address.rest, sent.kind, (status, headers, text), now)
        if status >= 400:
            raise fault_of(status, headers, text, what=f"{sent.method} {response.url.path}")
        is_json = "json" in headers.get("content-type", "")
        answer = Answer(status, headers, response.json() if is_json and text else None, text)
        if key and "etag" in headers:
            self._known[key] = answer
            self._known.move_to_end(key)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return answer

    def _opened(self) -> "httpx.AsyncClient":
        if self._client is None:
            # Commands that ask GitHub nothing do not wait for the import.
            import httpx

            self._client = httpx.AsyncClient(
                timeout=SECONDS,
                follow_redirects=True,
                headers={
                    "Accept": "application/vnd.github+json",
                    "X-GitHub-Api-Version": _VERSION,
                    "User-Agent": f"courier/{__version__}",
                },
            )
        return self._client
