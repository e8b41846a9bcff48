"""What the REST interface tells of things, as far as courier reads it and somewhat beyond."""

from datetime import datetime
from typing import Any

from tests.fakes.github.hub import Access
from tests.fakes.github.models import CheckRun, Comment, Pull, Repo


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def user(login: str) -> dict[str, Any]:
    return {"login": login, "id": sum(login.encode()), "type": "User"}


def repository(repo: Repo, access: Access) -> dict[str, Any]:
    return {
        "id": 1,
        "name": repo.name,
        "full_name": f"{repo.owner}/{repo.name}",
        "private": repo.is_private,
        "owner": user(repo.owner),
        "default_branch": repo.depot.default_branch,
        "archived": False,
        "allow_merge_commit": "merge" in repo.allows,
        "allow_squash_merge": "squash" in repo.allows,
        "allow_rebase_merge": "rebase" in repo.allows,
        "allow_auto_merge": "auto" in repo.allows,
        "permissions": {"pull": True, "push": access.may("contents", "write"), "admin": False},
    }


def pull(repo: Repo, one: Pull) -> dict[str, Any]:
    return {
        "id": one.number + 5000,
        "node_id": f"PR_{one.number}",
        "number": one.number,
        "state": one.state,
        "title": one.title,
        "body": one.body or None,
        "draft": one.draft,
        "user": user(one.user),
        "html_url": f"https://github.example/{repo.owner}/{repo.name}/pull/{one.number}",
        "created_at": moment(one.created),
        "updated_at": moment(one.updated),
        "closed_at": moment(one.updated) if one.state == "closed" else None,
        "merged_at": moment(one.updated) if one.is_merged else None,
        "merge_commit_sha": one.merge_commit or None,
        "labels": [{"name": name} for name in one.labels],
        "requested_reviewers": [user(name) for name in one.reviewers],
        "requested_teams": [{"slug": name} for name in one.teams],
        "head": {"ref": one.head, "sha": one.sha, "label": f"{repo.owner}:{one.head}"},
        "base": {
            "ref": one.base,
            "sha": repo.depot.tip(one.base),
            "label": f"{repo.owner}:{one.base}",
        },
    }


def comment(repo: Repo, one: Comment) -> dict[str, Any]:
    return {
        "id": one.id,
        "body": one.body,
        "user": user(one.user),
        "html_url": f"https://github.example/{repo.owner}/{repo.name}/pull/{one.number}#{one.id}",
    }


def check_run(repo: Repo, one: CheckRun) -> dict[str, Any]:
    output = {"title": None, "summary": None, "text": None, **one.output}
    return {
        "id": one.id,
        "name": one.name,
        "head_sha": one.sha,
        "status": one.status,
        "conclusion": one.conclusion,
        "details_url": f"https://ci.example/{one.id}",
        "html_url": f"https://github.example/{repo.owner}/{repo.name}/runs/{one.id}",
        "started_at": moment(one.at),
        "completed_at": moment(one.at) if one.conclusion else None,
        "output": {
            **{key: value for key, value in output.items() if key != "annotations"},
            "annotations_count": len(output.get("annotations", [])),
        },
    }


def workflow_run(repo: Repo, one: CheckRun) -> dict[str, Any]:
    return {
        "id": one.id + 9000,
        "name": one.name,
        "head_sha": one.sha,
        "status": one.status,
        "conclusion": one.conclusion,
        "html_url": f"https://github.example/{repo.owner}/{repo.name}/actions/runs/{one.id}",
        "run_started_at": moment(one.at),
        "updated_at": moment(one.at),
    }


def combined_status(repo: Repo, sha: str) -> dict[str, Any]:
    found = [one for one in repo.statuses if one.sha == sha]
    states = {one.state for one in found}
    red = bool(states & {"failure", "error"})
    # Pending is also what it says where there is none at all.
    overall = "failure" if red else "success" if states == {"success"} else "pending"
    return {
        "state": overall,
        "sha": sha,
        "total_count": len(found),
        "statuses": [
            {
                "context": one.context,
                "state": one.state,
                "description": one.description or None,
                "target_url": None,
                "created_at": moment(one.at),
                "updated_at": moment(one.at),
            }
            for one in found
        ],
    }
