"""What courier reads of GitHub, and what the fake answers, is as GitHub describes it."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from courier.forges.github import queries
from courier.system import SystemClock
from tests.contracts.scratch import git, make_scratch
from tests.fakes.github.hosting import Hosting, hosting
from tests.fakes.github.language import Field, Parser

DESCRIBED: Mapping[str, Any] = json.loads(
    (Path(__file__).parents[2] / "fakes" / "github" / "described.json").read_text()
)
QUERIES = {
    "pulls": ("Query", queries.pulls([1, 2])),
    "list": ("Query", queries.LIST),
    "rollup": ("Query", queries.rollup(of_pull=True)),
    "heads": ("Query", queries.heads([1])),
    "commits": ("Query", queries.commits(["0" * 40])),
    "viewer": ("Query", queries.VIEWER),
    "ready": ("Mutation", queries.READY),
    "draft": ("Mutation", queries.DRAFT),
    "auto merge": ("Mutation", queries.AUTO_MERGE),
}
NAMES = {str: "string", int: "integer", bool: "boolean", type(None): "null", dict: "object"}


class Anything(dict[str, Any]):
    def __missing__(self, key: str) -> None:
        return None


def unknown(kind: str, fields: list[Field], fragments: Mapping[str, list[Field]]) -> Iterator[str]:
    """Yield what a selection asks for that GitHub's schema does not have."""
    known = DESCRIBED["graphql"].get(kind, {})
    for one in fields:
        if one.name == "...":
            yield from unknown(kind, fragments[one.alias], fragments)
        elif one.name == "...on":
            yield from unknown(one.alias, one.inside, fragments)
        elif one.name not in known:
            yield from () if one.name == "__typename" else (f"{kind}.{one.name}",)
        else:
            extra = set(one.arguments) - set(known[one.name]["args"])
            yield from (f"{kind}.{one.name}({name})" for name in extra)
            yield from unknown(known[one.name]["type"], one.inside, fragments)


@pytest.mark.parametrize("name", QUERIES)
def test_queries_ask_only_for_what_there_is(name: str) -> None:
    kind, text = QUERIES[name]
    parsed = Parser(text, Anything()).parse()
    assert list(unknown(kind, parsed.fields, parsed.fragments)) == []


def test_a_field_that_is_not_there_would_be_noticed() -> None:
    parsed = Parser("query { repository(owner: 1, nope: 2) { wrong } }", Anything()).parse()
    found = list(unknown("Query", parsed.fields, parsed.fragments))
    assert found == ["Query.repository(nope)", "Repository.wrong"]


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Hosting]:
    scratch = make_scratch(tmp_path)
    scratch.commit({"a": "b\n"})
    scratch.push()
    git("checkout", "-q", "-b", "work", cwd=scratch.human)
    scratch.commit({"a": "c\n"})
    scratch.push("HEAD:refs/heads/work")
    with hosting(tmp_path / "github", scratch.origin) as found:
        yield found


async def test_the_fake_answers_in_the_types_of_the_description(host: Hosting) -> None:
    way = host.transport(SystemClock())
    body = {"title": "T", "head": "work", "base": "main", "body": "B"}
    number = (await way.mine("POST", "/pulls", body=body)).value["number"]
    await way.mine("POST", f"/issues/{number}/comments", body={"body": "Hi"})
    sha = host.repo.pulls[number].sha
    notes = [{"path": "a", "start_line": 1, "message": "m"}]
    check = host.repo.check(sha, "tests", "failure", output={"annotations": notes})
    host.repo.status(sha, "deploy", "success")
    places = {
        "repository": "",
        "pulls": "/pulls",
        "pull": f"/pulls/{number}",
        "comments": f"/issues/{number}/comments",
        "check_run": f"/check-runs/{check.id}",
        "annotations": f"/check-runs/{check.id}/annotations",
        "workflow_runs": "/actions/runs",
        "status": f"/commits/{sha}/status",
    }
    for name, path in places.items():
        answer = (await way.mine("GET", path)).value
        for field, kinds in DESCRIBED["rest"][name]["fields"].items():
            told = NAMES[type(at(answer, field))]
            assert told in kinds, (name, field, told, kinds)
    merged = (await way.mine("PUT", f"/pulls/{number}/merge", body={"sha": sha})).value
    assert {NAMES[type(merged[key])] for key in ("sha", "merged")} == {"string", "boolean"}
    await way.close()


def at(value: Any, field: str) -> Any:
    for part in field.split("."):
        value = value[0] if part == "[]" else value[part]
    return value
