"""The GraphQL interface: pull requests, their checks, and what only it can change."""

from typing import Any

from tests.fakes.github.hub import Access, Hub
from tests.fakes.github.language import Field, Parsed, Parser, chosen
from tests.fakes.github.message import Refusal, Reply, Request, reply
from tests.fakes.github.models import CheckRun, Pull, Repo, Status, is_content
from tests.fakes.github.shapes import moment


def answered(hub: Hub, access: Access, request: Request) -> Reply:
    told = request.value
    parsed = Parser(told["query"], told["variables"]).parse()
    faults: list[dict[str, str]] = []
    try:
        if parsed.operation == "mutation":
            root = _changes(hub, access, parsed)
        else:
            root = {
                "repository": lambda owner, name: _repository(hub, access, (owner, name), faults),
                "viewer": {"login": access.login},
            }
        data = chosen(root, parsed.fields, parsed.fragments)
    except (_Refused, KeyError) as refused:
        kind = refused.kind if isinstance(refused, _Refused) else "undefinedField"
        return reply({"data": None, "errors": [{"type": kind, "message": str(refused)}]})
    return reply({"data": data, **({"errors": faults} if faults else {})})


class _Refused(Exception):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _repository(
    hub: Hub, access: Access, place: tuple[str, str], faults: list[dict[str, str]]
) -> Any:
    try:
        repo = hub.repo(access, *place)
    except Refusal:
        message = f"Could not resolve to a Repository with the name '{'/'.join(place)}'."
        faults.append({"type": "NOT_FOUND", "message": message})
        return None
    repo.look()

    def pull(number: int) -> Any:
        _needs(access, "pull_requests")
        if number not in repo.pulls:
            message = f"Could not resolve to a PullRequest with the number of {number}."
            faults.append({"type": "NOT_FOUND", "message": message})
            return None
        return _pull(repo, repo.pulls[number]) | {"commits": commits(repo.pulls[number])}

    def commits(one: Pull) -> Any:
        return lambda last: {"nodes": [{"commit": _commit(repo, access, one.sha)}][:last]}

    def pulls(*, first: int, after: str | None, states: list[str], orderBy: Any) -> Any:  # noqa: N803
        found = [one for one in repo.pulls.values() if _state(one) in states]
        found.sort(key=lambda one: -one.number)
        start = int(after or 0)
        page = found[start : start + first]
        return {
            "pageInfo": _page(start, first, len(found)),
            "nodes": [_pull(repo, one) for one in page],
        }

    return {
        "pullRequest": pull,
        "pullRequests": pulls,
        "object": lambda oid: _commit(repo, access, oid),
    }


def _needs(access: Access, permission: str) -> None:
    if not access.may(permission, "read"):
        raise _Refused("FORBIDDEN", "Resource not accessible by personal access token")


def _page(start: int, first: int, size: int) -> dict[str, Any]:
    return {"hasNextPage": start + first < size, "endCursor": str(start + first)}


def _state(one: Pull) -> str:
    return "MERGED" if one.is_merged else one.state.upper() if one.state == "closed" else "OPEN"


def _who(login: str) -> dict[str, str] | None:
    return {"login": login} if login else None


def _pull(repo: Repo, one: Pull) -> dict[str, Any]:
    decided = {user: state for user, state in one.reviews}
    wants = [{"__typename": "User", "login": name} for name in one.reviewers]
    wants += [{"__typename": "Team", "combinedSlug": f"{repo.owner}/{name}"} for name in one.teams]
    closed = one.closed_by if one.state == "closed" and not one.is_merged else ""
    auto = (
        {"mergeMethod": one.auto[0].upper(), "enabledBy": _who(one.auto[1])} if one.auto else None
    )
    return {
        "id": f"PR_{repo.owner}_{repo.name}_{one.number}",
        "number": one.number,
        "state": _state(one),
        "title": one.title,
        "body": one.body,
        "url": f"https://github.example/{repo.owner}/{repo.name}/pull/{one.number}",
        "isDraft": one.draft,
        "createdAt": moment(one.created),
        "updatedAt": moment(one.updated),
        "headRefName": one.head,
        "headRefOid": one.sha,
        "baseRefName": one.base,
        "isCrossRepository": False,
        "author": _who(one.user),
        "mergedBy": _who(one.merged_by),
        "mergeCommit": {"oid": one.merge_commit} if one.merge_commit else None,
        "reviewDecision": _decision(decided),
        "autoMergeRequest": auto,
        "labels": lambda first: {"nodes": [{"name": name} for name in one.labels][:first]},
        "reviewRequests": lambda first: {
            "nodes": [{"requestedReviewer": who} for who in wants][:first]
        },
        "latestReviews": lambda first: {
            "nodes": [{"author": _who(name)} for name in decided][:first]
        },
        "timelineItems": lambda last, itemTypes: {  # noqa: N803, ARG005
            "nodes": [{"__typename": "ClosedEvent", "actor": _who(closed)}] if closed else []
        },
    }


def _decision(decided: dict[str, str]) -> str | None:
    if "CHANGES_REQUESTED" in decided.values():
        return "CHANGES_REQUESTED"
    return "APPROVED" if "APPROVED" in decided.values() else None


def _commit(repo: Repo, access: Access, oid: str) -> Any:
    runs = [one for one in repo.checks if one.sha == oid]
    statuses = [one for one in repo.statuses if one.sha == oid]
    rollup = None
    if runs or statuses:
        _needs(access, "checks")
        nodes = [*(_run(repo, one) for one in runs), *(_context(repo, one) for one in statuses)]
        rollup = {
            "contexts": lambda first, after=None: {
                "pageInfo": _page(int(after or 0), first, len(nodes)),
                "nodes": nodes[int(after or 0) : int(after or 0) + first],
            }
        }
    return {"__typename": "Commit", "oid": oid, "statusCheckRollup": rollup}


def _run(repo: Repo, one: CheckRun) -> dict[str, Any]:
    return {
        "__typename": "CheckRun",
        "databaseId": one.id,
        "name": one.name,
        "status": one.status.upper(),
        "conclusion": one.conclusion.upper() if one.conclusion else None,
        "detailsUrl": f"https://ci.example/{one.id}",
        "startedAt": moment(one.at),
        "completedAt": moment(one.at) if one.conclusion else None,
        "isRequired": lambda pullRequestNumber: one.name in repo.required,  # noqa: N803, ARG005
    }


def _context(repo: Repo, one: Status) -> dict[str, Any]:
    return {
        "__typename": "StatusContext",
        "context": one.context,
        "state": one.state.upper(),
        "targetUrl": None,
        "createdAt": moment(one.at),
        "description": one.description or None,
        "isRequired": lambda pullRequestNumber: one.context in repo.required,  # noqa: N803, ARG005
    }


def _changes(hub: Hub, access: Access, parsed: Parsed) -> dict[str, Any]:
    return {one.name: _change(hub, access, one) for one in parsed.fields}


def _change(hub: Hub, access: Access, asked: Field) -> Any:
    def change(input: dict[str, Any]) -> Any:
        _, owner, name, number = str(input["pullRequestId"]).split("_")
        repo = hub.repo(access, owner, name)
        pull = repo.pull(int(number))
        if not access.may("pull_requests", "write"):
            raise _Refused("FORBIDDEN", "Resource not accessible by integration")
        if asked.name == "enablePullRequestAutoMerge":
            _wait_for_green(repo, pull, access, input)
        else:
            pull.draft = asked.name == "convertPullRequestToDraft"
            pull.updated = repo.now()
        return {"pullRequest": _pull(repo, pull)}

    return change


def _wait_for_green(repo: Repo, pull: Pull, access: Access, told: dict[str, Any]) -> None:
    if "auto" not in repo.allows:
        raise _Refused("UNPROCESSABLE", "Auto merge is not allowed for this repository")
    if told.get("expectedHeadOid") not in (None, pull.sha):
        raise _Refused("UNPROCESSABLE", "Head sha didn't match expected head sha")
    why = repo.blocked(pull)
    if not why:
        own = [one for one in repo.checks if one.sha == pull.sha]
        state = "clean" if all(map(is_content, own)) else "unstable"
        raise _Refused("UNPROCESSABLE", f"Pull request Pull request is in {state} status")
    if "not mergeable" in why:
        raise _Refused("UNPROCESSABLE", "Pull request Pull request is in dirty status")
    pull.auto = (told["mergeMethod"].lower(), access.login)
