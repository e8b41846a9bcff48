"""Learnings by command: found and proposed by one apply, decided on, told, looked for once more."""

import json

import pytest

from tests.cli.place import PROJECT, Place, asked
from tests.contracts.scratch import git

pytestmark = pytest.mark.slow

LEARNER = f"""\
{PROJECT}  agent: shell
  learnings: {{extract: always}}
  sessions: {{learning: {{agent: scribe}}}}
---
apiVersion: courier/v1
kind: Agent
metadata: {{name: scribe}}
spec:
  start: [sh, .scribe.sh]
---
apiVersion: courier/v1
kind: Workflow
metadata: {{name: fix}}
spec:
  type: designerChecker
  steps:
    - name: design
      type: designer
      run: '[ "$COURIER_ITERATION" = 2 ] && echo good > value || echo goood > value;
        echo "$COURIER_RUN" >> log; cat "$COURIER_PROMPT_FILE"'
    - name: check
      type: checker
      run: "grep -qx good value || {{ echo 'value must be good'; exit 1; }}"
"""
SCRIBE = """\
[ "$COURIER_RUN" != two.learn ] || exit 3
cat <<'SAID'
```json
{"learnings": [{"description": "The check greps.", "trigger": "When you write the file value",
"correctBehavior": "Write exactly the word good.", "severity": "critical", "category": "gotcha",
"roles": ["designer"], "scope": ["src/**"]}, {"description": "She knows.",
"trigger": "When you deploy", "correctBehavior": "Ask Anna first.", "severity": "minor",
"category": "preference"}]}
```
SAID
"""
NAME, OTHER = "when-you-write-the-file-value-1b83ebb7", "when-you-deploy-213e7a40"


def test_one_apply_brings_what_a_run_taught_to_a_pull_request(place: Place) -> None:
    one = {".courier/runs/one.yaml": asked("one", "fix")}
    place.publish({".courier/project.yaml": LEARNER, ".scribe.sh": SCRIBE, **one})
    said = place.courier("apply")
    assert (said.code, said.err) == (0, "")
    assert "+ one.learn  started" in said.out
    assert "published  #2 2 learnings of demo" in said.out
    assert said.out.endswith("Plan: 0 to start, 0 in flight, 1 settled, 0 held.\n")
    quiet = place.courier("apply")
    assert quiet.out == "Plan: 0 to start, 0 in flight, 1 settled, 0 held.\n"
    _decide(place)
    _tell(place)
    _look_again(place)


def _decide(place: Place) -> None:
    listed = [line.split()[:3] for line in place.courier("learnings", "list").out.splitlines()]
    assert listed[1:] == [[NAME, "proposed", "critical"], [OTHER, "proposed", "minor"]]
    refused = place.courier("learnings", "approve", NAME)
    assert (refused.code, OTHER in refused.err) == (1, True)
    assert place.courier("learnings", "reject", OTHER, "--reason", "she left").code == 0
    assert "on 20" in place.courier("learnings", "show", OTHER).out
    shown = json.loads(place.courier("learnings", "show", OTHER, "-o", "json").out)
    assert (shown["status"], shown["rejected"]["reason"]) == ("rejected", "she left")
    assert place.courier("learnings", "approve", NAME).out == "Merged #2 into main.\n"


def _tell(place: Place) -> None:
    # Its session fails at first, and it is about other files than the learning.
    two = asked("two", "fix").replace("prompt:", "paths: [docs], prompt:")
    three = {".courier/runs/two.yaml": two, ".courier/runs/three.yaml": asked("three", "fix")}
    git("pull", "-q", "--rebase", cwd=place.root)
    place.publish(three)
    assert place.courier("learnings", "preview", "designer", "--path", "docs").err.endswith(
        f"Not told: {NAME} (about other paths).\n"
    )
    assert place.courier("apply").code == 1
    account = place.courier("describe", "run/two").out
    assert f"design was told nothing of version 1; left out: {NAME} (about other paths)" in account
    assert "`courier retry two.learn` has it done again" in account
    told = json.loads(place.courier("describe", "run/three", "-o", "json").out)["item"]
    assert [one["name"] for one in told["steps"][0]["learnings"]["lessons"]] == [NAME]
    assert (told["learnings"]["known"], told["learnings"]["proposed"]) == ([NAME], [])


def _look_again(place: Place) -> None:
    assert place.courier("retry", "two.learn").code == 0
    told = json.loads(place.courier("describe", "run/two", "-o", "json").out)["item"]["learnings"]
    assert (told["status"], told["session"], told["known"]) == (
        "completed",
        "two.learn.r2",
        [NAME],
    )
    counted = place.courier("learnings", "stats").out.splitlines()[1].split()
    assert counted[:4] == [NAME, "1", "100%", "of"]
