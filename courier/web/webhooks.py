"""Hints from forges: a signed event wakes a daemon, and can do nothing else."""

import hmac
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from courier.web.message import Request, Response, json_of, said

PATH = "/webhooks/push"
"""Where forges send events to."""

STATE_REF = "refs/heads/courier/state"

PULLS = "refs/pull"
"""What stands for any pull request where a ref is told."""

ABOUT_PULLS = frozenset({"pull_request", "check_run", "check_suite", "status", "workflow_run"})
"""Events that may mean that a pull request is not as it was."""

REMEMBERED = 1000
"""How many deliveries are known again; GitHub sends one twice when an answer was lost."""


@dataclass(frozen=True, slots=True)
class Hinted:
    """A repository that may be hinted at.

    Attributes:
        repository: Where it is, for git.
        secret: What its events are signed with; empty if nobody may.
        branch: Its tracked branch; empty while it is not known.
        wake: Has it looked at; told the ref and the commit it is at, returns whether it was.
    """

    repository: str
    secret: bytes
    branch: str
    wake: Callable[[str, str], bool]


class Webhooks:
    """Takes events as GitHub signs them, and forges that do it the same way.

    Args:
        known: Returns the repositories there are now.
    """

    def __init__(self, known: Callable[[], Sequence[Hinted]]) -> None:
        self._known = known
        self._delivered: OrderedDict[str, None] = OrderedDict()

    async def push(self, request: Request) -> Response:
        """Wake who a push to a tracked branch, or an event of a pull request, is about.

        Nothing of it is believed otherwise: who is woken looks.
        """
        signed = [one for one in self._known() if _is_signed(request, one.secret)]
        if not signed:
            return said(401, "The signature is missing or wrong.")
        kind = request.headers.get("x-github-event", "")
        if kind != "push" and kind not in ABOUT_PULLS:
            return said(204)
        try:
            event = json.loads(request.body)
            names = _names(event["repository"])
            is_push = kind == "push"
            ref, commit = (str(event["ref"]), str(event["after"])) if is_push else (PULLS, "")
        except (ValueError, KeyError, TypeError, RecursionError):
            return said(400, f"This is not a {kind} event.")
        if self._is_known(request.headers.get("x-github-delivery", "")):
            return said(204)
        meant = [one for one in signed if _plain(one.repository) in names]
        if not meant:
            return said(404, "No such repository is looked after with this secret.")
        woken = [one.wake(ref, commit) for one in meant if _matters(ref, one.branch)]
        return json_of({"woken": True}, status=202) if any(woken) else said(204)

    def _is_known(self, delivery: str) -> bool:
        if not delivery:
            return False
        if delivery in self._delivered:
            return True
        self._delivered[delivery] = None
        if len(self._delivered) > REMEMBERED:
            self._delivered.popitem(last=False)
        return False


def _is_signed(request: Request, secret: bytes) -> bool:
    told = request.headers.get("x-hub-signature-256", "")
    right = "sha256=" + hmac.new(secret or b"\0", request.body, sha256).hexdigest()
    return hmac.compare_digest(told.encode(), right.encode()) and bool(secret)


def _matters(ref: str, branch: str) -> bool:
    return ref in (STATE_REF, PULLS) or not branch or ref == f"refs/heads/{branch}"


def _names(repository: Any) -> set[str]:
    if not isinstance(repository, Mapping):
        raise TypeError("it names no repository")
    found = (repository.get(key) for key in ("clone_url", "ssh_url", "git_url", "html_url", "url"))
    return {_plain(str(each)) for each in found if each}


def _plain(address: str) -> str:
    """Return an address of git as host and path, whichever way it is reached."""
    _, scheme, rest = address.partition("://")
    if not scheme and not address.startswith("/") and ":" in address.partition("/")[0]:
        host, _, path = address.partition(":")
        rest = f"{host}/{path}"
    elif not scheme:
        rest = address
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2].partition(":")[0].lower()
    return f"{host}{slash}{path}".rstrip("/").removesuffix(".git").lower()
