"""The REST interface: a table of routes, each with the permission it takes."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from tests.fakes.github import shapes
from tests.fakes.github.hub import Access, Hub
from tests.fakes.github.message import Refusal, Reply, Request, reply
from tests.fakes.github.models import Comment, Pull, Repo

Route = Callable[[Repo, Access, Request, dict[str, str]], Any]
ROUTES: list[tuple[str, re.Pattern[str], str, str, Route]] = []


def route(method: str, pattern: str, permission: str, level: str) -> Callable[[Route], Route]:
    def keep(found: Route) -> Route:
        ROUTES.append((method, re.compile(pattern), permission, level, found))
        return found

    return keep


def routed(hub: Hub, access: Access, request: Request) -> Reply:
    path = unquote(request.path.removeprefix("/api/v3"))
    if access.is_app:
        return reply(_app(hub, request, path), status=201 if request.method == "POST" else 200)
    if path == "/user":
        return reply({"login": access.login})
    found = re.fullmatch(r"/repos/([^/]+)/([^/]+)(/.*)?", path)
    if found is None:
        raise Refusal(404, "Not Found")
    repo = hub.repo(access, found[1], found[2])
    for method, pattern, permission, level, do in ROUTES:
        match = pattern.fullmatch(found[3] or "")
        if method != request.method or match is None:
            continue
        if not access.may(permission, level):
            needs = {"x-accepted-github-permissions": f"{permission}={level}"}
            raise Refusal(403, "Resource not accessible by integration", headers=needs)
        done = do(repo, access, request, match.groupdict())
        return done if isinstance(done, Reply) else reply(done)
    raise Refusal(404, "Not Found")


def _app(hub: Hub, request: Request, path: str) -> Any:
    if path.endswith("/installation"):
        return {"id": 77}
    if path != "/app/installations/77/access_tokens":
        raise Refusal(404, "Not Found")
    asked, until = request.value, hub.now() + timedelta(hours=1)
    token = hub.mint(len(hub.requests))
    names = tuple(asked["repositories"])
    hub.tokens[token] = Access("the-app[bot]", asked["permissions"], names, until)
    return {"token": token, "expires_at": until.isoformat(), "permissions": asked["permissions"]}


@route("GET", "", "metadata", "read")
def _repo(repo: Repo, access: Access, _request: Request, _at: dict[str, str]) -> Any:
    return shapes.repository(repo, access)


@route("GET", "/pulls", "pull_requests", "read")
def _list(repo: Repo, _access: Access, request: Request, _at: dict[str, str]) -> Any:
    repo.look()
    asked = request.query
    found = sorted(repo.pulls.values(), key=lambda one: -one.number)
    state = asked.get("state", "open")
    found = [one for one in found if state in ("all", one.state)]
    owner, colon, head = asked.get("head", "").partition(":")
    # Without an owner it is passed over in silence.
    if colon:
        found = [one for one in found if (repo.owner, one.head) == (owner, head)]
    return [shapes.pull(repo, one) for one in found[: int(asked.get("per_page", "30"))]]


@route("POST", "/pulls", "pull_requests", "write")
def _open(repo: Repo, access: Access, request: Request, _at: dict[str, str]) -> Any:
    told = request.value
    head, base = told["head"].rpartition(":")[2], told["base"]
    sha, repo_tip = repo.depot.tip(head), repo.depot.tip(base)
    repo.look()
    for field, tip in (("head", sha), ("base", repo_tip)):
        if not tip:
            wrong = {"resource": "PullRequest", "field": field, "code": "invalid"}
            raise Refusal(422, "Validation Failed", wrong)
    if any(
        one.state == "open" and (one.head, one.base) == (head, base) for one in repo.pulls.values()
    ):
        _invalid(f"A pull request already exists for {repo.owner}:{head}.")
    if repo.depot.is_behind(sha, base):
        _invalid(f"No commits between {base} and {head}")
    if told.get("draft") and "draft" not in repo.allows:
        raise Refusal(422, "Draft pull requests are not supported in this repository.")
    if len(told.get("body") or "") > 65_536:
        _invalid("body is too long (maximum is 65536 characters)")
    now, number = repo.now(), next(repo.numbers)
    pull = Pull(
        number, told["title"], told.get("body") or "", head, base, sha, access.login, now, now
    )
    pull.draft = bool(told.get("draft"))
    repo.pulls[number] = pull
    repo.tell("pull_request", {"action": "opened", "number": number})
    return reply(shapes.pull(repo, pull), status=201)


def _invalid(message: str) -> None:
    raise Refusal(
        422,
        "Validation Failed",
        {"resource": "PullRequest", "code": "custom", "message": message},
    )


@route("GET", r"/pulls/(?P<number>\d+)", "pull_requests", "read")
def _get(repo: Repo, _access: Access, _request: Request, at: dict[str, str]) -> Any:
    return shapes.pull(repo, repo.pull(int(at["number"])))


@route("PATCH", r"/pulls/(?P<number>\d+)", "pull_requests", "write")
def _edit(repo: Repo, access: Access, request: Request, at: dict[str, str]) -> Any:
    pull, told = repo.pull(int(at["number"])), request.value
    if "base" in told and not repo.depot.tip(told["base"]):
        wrong = {"resource": "PullRequest", "field": "base", "code": "invalid"}
        raise Refusal(422, "Validation Failed", wrong)
    pull.title, pull.body = told.get("title", pull.title), told.get("body", pull.body)
    pull.base, pull.updated = told.get("base", pull.base), repo.now()
    if told.get("state") == "closed" and pull.state == "open":
        repo.end(pull, by=access.login)
    return shapes.pull(repo, pull)


@route("PUT", r"/pulls/(?P<number>\d+)/merge", "contents", "write")
def _merge(repo: Repo, access: Access, request: Request, at: dict[str, str]) -> Any:
    pull, told = repo.pull(int(at["number"])), request.value
    if pull.state != "open":
        raise Refusal(405, "Pull Request is not mergeable")
    if told.get("sha") not in (None, pull.sha):
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    how = told.get("merge_method", "merge")
    if how not in repo.allows:
        raise Refusal(405, f"{how.title()} merges are not allowed on this repository.")
    message = f"{told.get('commit_title') or pull.title}\n\n{told.get('commit_message', '')}"
    repo.merge(pull, how, message, by=access.login)
    return {"sha": pull.merge_commit, "merged": True, "message": "Pull Request successfully merged"}


@route("POST", r"/pulls/(?P<number>\d+)/requested_reviewers", "pull_requests", "write")
def _reviewers(repo: Repo, _access: Access, request: Request, at: dict[str, str]) -> Any:
    pull, told = repo.pull(int(at["number"])), request.value
    for name in told.get("reviewers", []):
        if name == pull.user:
            raise Refusal(422, "Review cannot be requested from pull request author.")
        if name not in repo.collaborators:
            raise Refusal(422, "Reviews may only be requested from collaborators.")
    pull.reviewers = [*dict.fromkeys([*pull.reviewers, *told.get("reviewers", [])])]
    pull.teams = [*dict.fromkeys([*pull.teams, *told.get("team_reviewers", [])])]
    return reply(shapes.pull(repo, pull), status=201)


@route("POST", r"/issues/(?P<number>\d+)/labels", "pull_requests", "write")
def _labels(repo: Repo, _access: Access, request: Request, at: dict[str, str]) -> Any:
    pull = repo.pull(int(at["number"]))
    pull.labels = [*dict.fromkeys([*pull.labels, *request.value["labels"]])]
    return [{"name": name} for name in pull.labels]


@route("GET", r"/issues/(?P<number>\d+)/comments", "pull_requests", "read")
def _comments(repo: Repo, _access: Access, request: Request, at: dict[str, str]) -> Any:
    number = repo.pull(int(at["number"])).number
    own = [shapes.comment(repo, one) for one in repo.comments if one.number == number]
    size, page = int(request.query.get("per_page", "30")), int(request.query.get("page", "1"))
    return own[size * (page - 1) : size * page]


@route("POST", r"/issues/(?P<number>\d+)/comments", "pull_requests", "write")
def _say(repo: Repo, access: Access, request: Request, at: dict[str, str]) -> Any:
    number = repo.pull(int(at["number"])).number
    said = Comment(next(repo.ids), number, request.value["body"], access.login)
    repo.comments.append(said)
    return reply(shapes.comment(repo, said), status=201)


@route("PATCH", r"/issues/comments/(?P<id>\d+)", "pull_requests", "write")
def _say_else(repo: Repo, _access: Access, request: Request, at: dict[str, str]) -> Any:
    said = _comment(repo, at)
    said.body = request.value["body"]
    return shapes.comment(repo, said)


@route("DELETE", r"/issues/comments/(?P<id>\d+)", "pull_requests", "write")
def _unsay(repo: Repo, _access: Access, _request: Request, at: dict[str, str]) -> Any:
    repo.comments.remove(_comment(repo, at))
    return Reply(204)


def _comment(repo: Repo, at: dict[str, str]) -> Comment:
    found = [one for one in repo.comments if one.id == int(at["id"])]
    if not found:
        raise Refusal(404, "Not Found")
    return found[0]


@route("GET", r"/commits/(?P<sha>[^/]+)/check-runs", "checks", "read")
def _check_runs(repo: Repo, _access: Access, _request: Request, at: dict[str, str]) -> Any:
    sha = repo.depot.tip(at["sha"]) or at["sha"]
    found = [shapes.check_run(repo, one) for one in repo.checks if one.sha == sha]
    return {"total_count": len(found), "check_runs": found}


@route("GET", r"/check-runs/(?P<id>\d+)", "checks", "read")
def _check_run(repo: Repo, _access: Access, _request: Request, at: dict[str, str]) -> Any:
    for one in repo.checks:
        if one.id == int(at["id"]):
            return shapes.check_run(repo, one)
    raise Refusal(404, "Not Found")


@route("GET", r"/check-runs/(?P<id>\d+)/annotations", "checks", "read")
def _annotations(repo: Repo, _access: Access, _request: Request, at: dict[str, str]) -> Any:
    return next(one.output.get("annotations", []) for one in repo.checks if one.id == int(at["id"]))


@route("GET", r"/actions/jobs/(?P<id>\d+)/logs", "actions", "read")
def _job(repo: Repo, _access: Access, _request: Request, at: dict[str, str]) -> Any:
    log = next((one.log for one in repo.checks if one.id == int(at["id"])), "")
    if not log:
        raise Refusal(404, "Not Found")
    return Reply(200, log.encode(), {"content-type": "text/plain; charset=utf-8"})


@route("GET", "/actions/runs", "actions", "read")
def _workflows(repo: Repo, _access: Access, request: Request, _at: dict[str, str]) -> Any:
    sha = request.query.get("head_sha")
    found = [shapes.workflow_run(repo, one) for one in repo.checks if sha in (None, one.sha)]
    return {"total_count": len(found), "workflow_runs": found}


@route("GET", r"/commits/(?P<sha>[^/]+)/status", "statuses", "read")
def _status(repo: Repo, _access: Access, _request: Request, at: dict[str, str]) -> Any:
    sha = repo.depot.tip(at["sha"]) or at["sha"]
    return shapes.combined_status(repo, sha)
