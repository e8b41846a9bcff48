"""Runs of scans, and what their agents say."""

import json
import shlex

from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.run.frozen import FrozenPlan
from tests.engine.worlds import Scene, single_plan

ISSUE = {
    "title": "The value is wrong",
    "description": "`value` holds none.\n\nIt should hold right.",
    "priority": "high",
    "suggestedPrompt": "Write right into the file value.",
    "assumptions": ["Nobody reads it."],
    "why": "Everything depends on it.",
}
OTHER = {"title": "Keep less", "description": "keep.txt is kept for nothing."}
QUESTION = {"text": "Who reads the value?", "why": "It says how to write it."}
ANSWER = {"issues": [ISSUE, OTHER], "questions": [QUESTION]}
HARVEST = FrozenHarvest(sort="issues", kind="IssueScan", name="weekly", most=10)


def fenced(answer: object) -> str:
    return f"Here it is.\n\n```json\n{json.dumps(answer)}\n```"


def scan_plan(
    here: Scene, commands: str, *, run: str = "scan-weekly", agent: str = "shell", **step: object
) -> FrozenPlan:
    told = {**step, "harvests": "issues"}
    plan = single_plan(here, commands, run=run, agent=agent, **told)
    return plan.model_copy(update={"harvest": HARVEST})


def says(text: str, session: str = "s1") -> str:
    told = json.dumps({"outcome": {"text": text, "session": session}})
    return f"echo {shlex.quote(told)}"
