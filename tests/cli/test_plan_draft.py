"""`courier plan draft` by the program itself: a goal in, a pull request with a plan out."""

import json

import pytest

from tests.cli.place import Place
from tests.contracts.scratch import git

pytestmark = pytest.mark.slow

PLANNER = """\
apiVersion: courier/v1
kind: Agent
metadata: {name: planner}
spec:
  start: [bash, plan.sh]
  prompt: stdin
"""
ANSWER = {
    "sprints": [
        {"title": "Make a form", "prompt": "Make it."},
        {"title": "Check it", "prompt": "Check it."},
    ]
}
SCRIPT = f"""\
prompt=$(cat)
case $prompt in *"We use JWT."*) ;; *) exit 3 ;; esac
echo changed > README.md
cat <<'END'
```json
{json.dumps(ANSWER)}
```
END
"""
PROJECT = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec: {agent: planner}
"""


def test_a_goal_becomes_a_plan_in_a_pull_request(place: Place) -> None:
    files = {".courier/planner.yaml": PLANNER, ".courier/project.yaml": PROJECT}
    place.publish({**files, "plan.sh": SCRIPT, "notes.md": "We use JWT.\n"})
    goal = ("plan", "draft", "People sign in", "--background", "notes.md", "--sprints", "2")
    said = place.courier(*goal)
    assert said.code == 0, said
    assert "people-sign-in.draft is asked for on record." in said.err
    assert "Plan people-sign-in: 2 sprints" in place.courier("pr", "list").out
    assert place.courier("plan", "--detailed-exitcode").code == 0

    git("fetch", "-q", cwd=place.root)
    changed = git(
        "diff", "--name-only", "main", "origin/courier/people-sign-in.draft", cwd=place.root
    )
    assert changed.split() == [".courier/plans/people-sign-in.yaml"]
    assert place.courier("pr", "merge", "1").code == 0
    assert "people-sign-in" in place.courier("get", "sprint-plans").out
    assert "0 to start" in place.courier("plan").out

    again = place.courier(*goal, "--name", "people-sign-in", "--no-wait")
    assert (again.code, "There is a plan people-sign-in." in again.err) == (1, True)


def test_what_cannot_be_drafted_is_told_before_anything_is_asked(place: Place) -> None:
    for words, why in (
        (("  ",), "The goal is empty."),
        (("Go", "--workflow", "wrote"), 'Did you mean "write"?'),
        (("Go", "--name", "No Name"), "This is no name."),
    ):
        said = place.courier("plan", "draft", *words)
        assert said.code in (1, 2), said
        assert why in said.err
    assert "No runs" in place.courier("get", "runs").out
