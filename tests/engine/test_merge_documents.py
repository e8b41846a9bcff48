"""A Merge from its document to its pull request: an agent resolves, people merge, done once."""

import json
from pathlib import Path

import pytest

from tests.engine.chainscenes import chain_scene
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

AGENT = """
cat > ~/prompt
if [ "$1" = resume ]; then
    printf 'one and two\\n' > value
else
    grep -q 'middle of it' ~/prompt || exit 7
    git diff --name-only --diff-filter=U | grep -qx value || exit 8
fi
printf '%s\\n' '{"id": "talk", "text": "Both are kept.", "usage": {"out": 5}}'
"""
RESOLVER = {
    "start": ["sh", "-c", AGENT, "mine", "start"],
    "continue": ["sh", "-c", AGENT, "mine", "resume", "{session}"],
    "output": {"format": "jsonLines", "text": "text", "session": "id"},
    "usage": {"outputTokens": "usage.out"},
}
SPEC = {
    "branches": ["one", "two", "three"],
    "check": "grep -qx 'one and two' value",
    "instructions": "Keep both.",
}


def told(kind: str, name: str, spec: object) -> str:
    head = f"apiVersion: courier/v1\nkind: {kind}\nmetadata: {{name: {name}}}\n"
    return f"{head}spec: {json.dumps(spec)}\n"


async def test_a_conflict_is_resolved_checked_and_proposed(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    documents = f"{told('Agent', 'resolver', RESOLVER)}---\n{told('Merge', 'join', SPEC)}"
    async with chain_scene(tmp_path, sandboxd, documents) as scene:
        project = {"sessions": {"merging": {"agent": "resolver"}}}
        scene.commit({"value": "none\n"})
        for name in ("one", "two"):
            git(scene.here.origin, "branch", name, "main")
            scene.commit({"value": f"{name}\n"}, branch=name)
        waits = await scene.settle()
        assert waits.plan is not None
        assert [each.reason for each in waits.plan.held] == ["Blocked"]
        base = git(scene.here.origin, "show", "main:.courier/all.yaml")
        base = base.replace("spec: {title: Demo}", f"spec: {json.dumps(project)}")
        git(scene.here.origin, "branch", "three", "one")
        scene.commit({".courier/all.yaml": f"{base}\n"})
        await scene.settle()
        record = await scene.here.record("join.merge")
        assert (record["phase"], record["reason"]) == ("completed", "Completed"), record["message"]
        assert [(one["branch"], one["how"]) for one in record["merges"]] == [
            ("one", "merged"),
            ("two", "resolved"),
            ("three", "skipped"),
        ]
        # It left the conflict alone at first, and was told so in the same conversation.
        assert record["usage"]["outputTokens"] == 10
        assert [(step["step"], step["agent"]) for step in record["steps"]] == [
            ("merge", "resolver"),
            ("check", "shell"),
        ]
        assert await scene.pulls() == [(1, "main", "courier/join.merge", "created")]
        await scene.merge(1)
        await scene.settle()
        assert git(scene.here.origin, "show", "main:value") == "one and two"
        done = await scene.settle()
        assert done.plan is not None
        assert (done.plan.actions, done.plan.held) == ((), ())
        assert await scene.runs() == ["join.merge"]
