"""Every event somebody may be told of, made to happen for real, and what is told of it."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest

from courier.resources.notification import Event
from tests.cli.place import Place, asked
from tests.contracts.scratch import git
from tests.engine.chainscenes import NOTE, sprints
from tests.fakes.receiver import Receiver, receiving

pytestmark = pytest.mark.slow

SECRET = "s3cret-canary-71aa"
PROJECT = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  git: {name: courier, email: courier@example.com}
  budgets: {perDay: 2}
  env: [{name: DEMO_TOKEN, secretRef: DEMO_TOKEN}]
  notifications:
    - {name: board, type: webhook, secretRef: BOARD, signingSecretRef: KEY}
"""
SPENDER = """\
apiVersion: courier/v1
kind: Agent
metadata: {name: spender}
spec:
  start: [sh, -c, "cat > /dev/null; echo '{\\"result\\": \\"Done.\\", \\"cost\\": 2.5}'"]
  prompt: stdin
  output: {format: jsonLines, text: result}
  usage: {costUsd: cost}
"""
STEPS = {
    "ends": "echo one > one.txt",
    "fails": 'echo "with $DEMO_TOKEN" >&2; exit 3',
    "waits": "echo two > two.txt",
    "unopened": "echo three > three.txt",
}
WORKFLOWS = "---\n".join(
    f"""\
apiVersion: courier/v1
kind: Workflow
metadata: {{name: {name}}}
spec:
  approvals: {'[{before: delivery, reason: "Does it read well?"}]' if name == "waits" else "[]"}
  steps: [{{name: work, type: custom, agent: shell, run: {json.dumps(run)}}}]
"""
    for name, run in STEPS.items()
)
SPENDS = """\
apiVersion: courier/v1
kind: Workflow
metadata: {name: spends}
spec:
  steps: [{name: work, type: custom, agent: spender}]
"""
WORDS: dict[Event, tuple[str, str]] = {
    "runCompleted": ("Run ends", ""),
    "runFailed": ("Run fails", "The commands failed with exit code 3."),
    "runParked": ("Run waits", "Does it read well?"),
    "pullRequestCreated": ("Run ends", ""),
    "pullRequestMerged": ("Run ends", ""),
    "pullRequestFailed": ("Run unopened", "The remote has no such branch. release"),
    "sprintCompleted": ("Sprint one of roadmap", ""),
    "sprintFailed": ("Sprint two of roadmap", ""),
    "budgetReached": ("The budget of run spends", "has cost $2.50 of its budget of $1.00"),
}
DAY = "The project has spent $2.50 of $2.00 in "


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in receiver.requests]


def lose_branch(origin: Path, name: str) -> None:
    """Let a branch be deleted as soon as a run's branch is pushed."""
    git("branch", name, "main", cwd=origin)
    hook = origin / "hooks" / "post-receive"
    hook.write_text(f"#!/bin/sh\ngrep -q courier/unopened && git update-ref -d refs/heads/{name}\n")
    hook.chmod(0o755)


def documents() -> dict[str, str]:
    """Return runs that end, fail, wait, cannot be proposed, and a chain of which one fails."""
    runs = {f".courier/runs/{name}.yaml": asked(name, name) for name in STEPS}
    told = runs[".courier/runs/fails.yaml"].replace("Say hello.", f"Log in with {SECRET}.")
    runs[".courier/runs/fails.yaml"] = told
    told = runs[".courier/runs/unopened.yaml"].replace("prompt:", "base: release, prompt:")
    runs[".courier/runs/unopened.yaml"] = told
    chain = sprints("one", "two", prompts={"two": "BREAK it."})
    return {
        ".courier/work.yaml": WORKFLOWS,
        ".courier/note.yaml": NOTE,
        ".courier/chain.yaml": chain,
        **runs,
    }


def happen(place: Place, receiver: Receiver) -> None:
    """Let every event happen."""
    variables = {"BOARD": f"{receiver.address}/board", "KEY": "signs", "DEMO_TOKEN": SECRET}
    place.publish({".courier/project.yaml": PROJECT})
    assert place.courier("apply", **variables).code == 0
    lose_branch(place.folder / "origin.git", "release")
    place.publish(documents())
    assert place.courier("apply", **variables).code == 1
    created = [one for one in bodies(receiver) if one["event"] == "pullRequestCreated"]
    (number,) = [one["pullRequest"]["number"] for one in created if one["run"]["name"] == "ends"]
    assert place.courier("pr", "merge", str(number)).code == 0
    git("pull", "-q", "--rebase", "origin", "main", cwd=place.root)
    run = asked("spends", "spends").replace("prompt:", "budget: 1, prompt:")
    place.publish({".courier/spends.yaml": f"{SPENDER}---\n{SPENDS}---\n{run}"})
    place.courier("apply", **variables)


def test_every_event_happens_and_is_told_in_its_words(place: Place, receiver: Receiver) -> None:
    assert set(WORDS) == set(get_args(Event))
    happen(place, receiver)
    told = bodies(receiver)
    heard = {(one["event"], one["subject"]): one for one in told}
    for event, (subject, message) in WORDS.items():
        assert (event, subject) in heard, sorted(heard)
        assert message in heard[event, subject]["message"]
    assert heard["budgetReached", "budgets.perDay of demo"]["message"].startswith(DAY)
    assert Decimal(heard["runParked", "Run spends"]["run"]["costUsd"]) == Decimal("2.5")
    assert heard["runFailed", "Run fails"]["run"]["title"] == "Log in with [secret DEMO_TOKEN]."
    assert len(heard) == len(told), "nothing is told twice"
    assert len({one["id"] for one in told}) == len(told)
    sent = b"".join(one.body for one in receiver.requests)
    assert SECRET.encode() not in sent
    assert b"signs" not in sent
    listed = json.loads(place.courier("notify", "list", "--all", "-o", "json").out)
    assert {one["state"] for one in listed["letters"]} == {"sent"}
