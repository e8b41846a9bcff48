"""What a repository on the fake holds besides git: pull requests, comments, checks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from tests.fakes.github.depot import Depot
from tests.fakes.github.message import Refusal


@dataclass
class Pull:
    number: int
    title: str
    body: str
    head: str
    base: str
    sha: str
    user: str
    created: datetime
    updated: datetime
    draft: bool = False
    state: str = "open"
    merge_commit: str = ""
    merged_by: str = ""
    closed_by: str = ""
    labels: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    reviews: list[tuple[str, str]] = field(default_factory=list)
    auto: tuple[str, str] | None = None

    @property
    def is_merged(self) -> bool:
        return bool(self.merge_commit)


@dataclass
class CheckRun:
    id: int
    name: str
    sha: str
    status: str
    conclusion: str | None
    at: datetime
    output: dict[str, Any] = field(default_factory=dict)
    log: str = ""


@dataclass
class Status:
    context: str
    sha: str
    state: str
    at: datetime
    description: str = ""


@dataclass
class Comment:
    id: int
    number: int
    body: str
    user: str


@dataclass
class Repo:
    owner: str
    name: str
    depot: Depot
    now: Callable[[], datetime]
    collaborators: set[str] = field(default_factory=lambda: {"ada", "bob"})
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    checks: list[CheckRun] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    required: list[str] = field(default_factory=list)
    allows: set[str] = field(default_factory=lambda: {"merge", "squash", "rebase", "auto", "draft"})
    is_private: bool = False
    hub_url: Callable[[], str] = lambda: ""
    tell: Callable[[str, dict[str, Any]], None] = lambda _event, _payload: None
    seen: tuple[str, int] = ("", 0)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    ids: Iterator[int] = field(default_factory=lambda: count(1001))

    @property
    def web(self) -> str:
        """Where its GitHub is for people."""
        return self.hub_url()

    def pull(self, number: int) -> Pull:
        self.look()
        if number not in self.pulls:
            raise Refusal(404, "Not Found")
        return self.pulls[number]

    def look(self) -> None:
        """Bring every open pull request up to what git says now."""
        refs = self.depot.git("for-each-ref", "refs/heads")
        waits = any(one.auto for one in self.pulls.values())
        seen, self.seen = self.seen, (refs, len(self.pulls))
        if seen == self.seen and not waits:
            return
        for pull in self.pulls.values():
            if pull.state == "open":
                self._look_at(pull)

    def _look_at(self, pull: Pull) -> None:
        tip = self.depot.tip(pull.head)
        if tip and tip != pull.sha:
            pull.sha, pull.updated = tip, self.now()
        if self.depot.is_behind(pull.sha, pull.base):
            self.end(pull, by="pusher", merge=self.depot.tip(pull.base))
        elif not tip:
            self.end(pull, by="deleter")
        elif pull.auto and not self.blocked(pull):
            self.merge(pull, pull.auto[0], f"{pull.title} (#{pull.number})", by=pull.auto[1])

    def blocked(self, pull: Pull) -> str:
        """Return what keeps a pull request from being merged; empty if nothing does."""
        if pull.draft:
            return "Pull Request is still a draft"
        green = {one.name for one in self.checks if one.sha == pull.sha and is_content(one)}
        green |= {
            one.context for one in self.statuses if one.sha == pull.sha and one.state == "success"
        }
        for name in self.required:
            if name not in green:
                return f'Required status check "{name}" is expected.'
        if not self.depot.merged_tree(self.depot.tip(pull.base), pull.sha):
            return "Pull Request is not mergeable"
        return ""

    def merge(self, pull: Pull, how: str, message: str, *, by: str) -> None:
        if why := self.blocked(pull):
            raise Refusal(405, why)
        self.end(pull, by=by, merge=self.depot.merge(pull.base, pull.sha, how, message))

    def end(self, pull: Pull, *, by: str, merge: str = "") -> None:
        pull.state, pull.updated, pull.auto = "closed", self.now(), None
        pull.closed_by, pull.merge_commit = by, merge
        pull.merged_by = by if merge else ""
        self.tell("pull_request", {"action": "closed", "number": pull.number})

    def check(self, sha: str, name: str, conclusion: str | None = None, **more: Any) -> CheckRun:
        """Have a check run say something of a commit; None for under way."""
        self.checks = [one for one in self.checks if (one.sha, one.name) != (sha, name)]
        status = "completed" if conclusion else "in_progress"
        run = CheckRun(next(self.ids), name, sha, status, conclusion, self.now(), **more)
        self.checks.append(run)
        action = "completed" if conclusion else "created"
        self.tell("check_run", {"action": action, "check_run": {"head_sha": sha}})
        return run

    def status(self, sha: str, context: str, state: str, description: str = "") -> None:
        """Have somebody say a status of a commit."""
        self.statuses = [one for one in self.statuses if (one.sha, one.context) != (sha, context)]
        self.statuses.append(Status(context, sha, state, self.now(), description))
        self.tell("status", {"sha": sha, "state": state})


def is_content(run: CheckRun) -> bool:
    return run.conclusion in ("success", "neutral", "skipped")
