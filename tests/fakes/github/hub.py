"""The whole fake: who may do what, limits, faults, what was asked, and where it goes."""

import hashlib
import hmac
import json
import re
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fakes.github.depot import Depot
from tests.fakes.github.faults import DROP, Fault, struck
from tests.fakes.github.message import Refusal, Reply, Request, reply
from tests.fakes.github.models import Repo

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
"""The token that may do everything, as ada."""

_GIT = re.compile(r"/(?P<owner>[^/]+)/(?P<name>[^/]+)\.git/(?P<rest>.+)")


@dataclass(frozen=True)
class Access:
    """What a token may do; None for everything, in every repository."""

    login: str
    permissions: Mapping[str, str] | None = None
    repositories: tuple[str, ...] | None = None
    until: datetime | None = None
    is_app: bool = False

    def may(self, permission: str, level: str) -> bool:
        if self.permissions is None:
            return True
        held = self.permissions.get(permission, "")
        return held == "write" or held == level


@dataclass
class Hub:
    """Every repository of one fake GitHub.

    Attributes:
        folder: Where the bare repositories appear, by owner and name.
        now: Tells the time.
        requests: Method and path of every request, git's left out.
        budgets: How many requests of each kind are left in this hour.
        mint: Makes a token of an App, from how often anything was asked.
        reached: Called while git waits for an answer.
        app: An App's id and the check of its proof, where there is one.
    """

    folder: Path
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    url: str = ""
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    tokens: dict[str, Access] = field(default_factory=lambda: {TOKEN: Access("ada")})
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    cached: int = 0
    budgets: dict[str, int] = field(default_factory=lambda: {"core": 5000, "graphql": 5000})
    mint: Callable[[int], str] = lambda asked: f"ghs_{asked:036d}"
    app: tuple[str, Callable[[str], bool]] | None = None
    hook: Callable[[Mapping[str, str], bytes], None] | None = None
    hook_secret: bytes = b""
    reached: Callable[[], None] = lambda: None
    lock: Any = field(default_factory=threading.RLock)

    def add(self, owner: str, name: str, origin: Path) -> Repo:
        """Make a bare repository one of this GitHub's."""
        place = self.folder / owner / f"{name}.git"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(origin)
        repo = Repo(owner, name, Depot(origin), self.now, tell=self.told(owner, name))
        repo.hub_url = lambda: self.url
        self.repos[owner, name] = repo
        return repo

    def remote(self, repo: Repo) -> str:
        """Return a repository's address for git."""
        return f"{self.url}/{repo.owner}/{repo.name}.git"

    def told(self, owner: str, name: str) -> Callable[[str, dict[str, Any]], None]:
        def tell(event: str, payload: dict[str, Any]) -> None:
            if self.hook is None:
                return
            where = {"full_name": f"{owner}/{name}", "clone_url": f"{self.url}/{owner}/{name}.git"}
            body = json.dumps({**payload, "repository": where}).encode()
            proof = hmac.new(self.hook_secret, body, hashlib.sha256).hexdigest()
            headers = {
                "x-github-event": event,
                "x-github-delivery": hashlib.sha256(body).hexdigest()[:32],
                "x-hub-signature-256": f"sha256={proof}",
            }
            self.hook(headers, body)

        return tell

    def answer(self, request: Request) -> Reply:
        """Answer any request, git's too."""
        if found := _GIT.fullmatch(request.path):
            return self._git(request, found["owner"], found["name"])
        with self.lock:
            self.requests.append(f"{request.method} {request.path}")
            fault = next((one for one in self.faults if one.strikes(request)), None)
            if fault is not None and fault.when == "before":
                return struck(fault, self.now().timestamp())
            done = self._done(request)
            return done if fault is None else struck(fault, self.now().timestamp())

    def _done(self, request: Request) -> Reply:
        from tests.fakes.github.graph import answered
        from tests.fakes.github.rest import routed

        try:
            access = self.access(request)
            done = (
                answered(self, access, request)
                if request.kind == "graphql"
                else routed(self, access, request)
            )
        except Refusal as refused:
            done = refused.reply
        except Exception:  # noqa: BLE001 - whatever is wrong with the fake
            # A fault of the fake is no fault of a server, which would be tried again.
            done = reply({"message": traceback.format_exc()}, status=418)
        return self._paced(request, self._tagged(request, done))

    def _tagged(self, request: Request, done: Reply) -> Reply:
        if request.method != "GET" or done.status != 200:
            return done
        whose = request.headers.get("authorization", "").encode()
        tag = f'"{hashlib.sha256(done.body + whose).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == tag:
            self.cached += 1
            return Reply(304, b"", {"etag": tag})
        return Reply(done.status, done.body, {**done.headers, "etag": tag})

    def _paced(self, request: Request, done: Reply) -> Reply:
        if done.status == 304 or done.status == DROP:
            return done
        left = self.budgets[request.kind] = self.budgets[request.kind] - 1
        reset = self.now() + timedelta(minutes=30)
        told = {
            "x-ratelimit-remaining": str(max(0, left)),
            "x-ratelimit-reset": str(int(reset.timestamp())),
        }
        if left < 0:
            return reply({"message": "API rate limit exceeded"}, status=403, headers=told)
        return Reply(done.status, done.body, {**done.headers, **told})

    def access(self, request: Request) -> Access:
        """Return what the bearer may do.

        Raises:
            Refusal: If nobody knows it.
        """
        told = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.app is not None and told.count(".") == 2 and self.app[1](told):
            return Access("the-app", {}, (), is_app=True)
        found = self.tokens.get(told)
        if found is None or (found.until is not None and found.until < self.now()):
            raise Refusal(401, "Bad credentials")
        return found

    def repo(self, access: Access, owner: str, name: str) -> Repo:
        """Return a repository the bearer may see.

        Raises:
            Refusal: If there is none.
        """
        repo = self.repos.get((owner, name))
        if repo is None or (access.repositories is not None and name not in access.repositories):
            raise Refusal(404, "Not Found")
        return repo

    def _git(self, request: Request, owner: str, name: str) -> Reply:
        from base64 import b64decode

        from tests.fakes.github.wire import git_backend

        self.reached()
        _, _, proof = request.headers.get("authorization", "").partition(" ")
        if not proof:
            return Reply(401, b"", {"www-authenticate": 'Basic realm="GitHub"'})
        token = b64decode(proof).decode().partition(":")[2]
        access = self.tokens.get(token)
        if access is None or (access.until is not None and access.until < self.now()):
            return Reply(401, b"", {"www-authenticate": 'Basic realm="GitHub"'})
        try:
            self.repo(access, owner, name)
        except Refusal:
            return Reply(404)
        pushes = "git-receive-pack" in request.target
        if not access.may("contents", "write" if pushes else "read"):
            return Reply(403, b"Permission denied")
        return git_backend(self.folder, request, access.login)
