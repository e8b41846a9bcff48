"""Requests for sprint plans: each starts one run, whose answer becomes the plan's document."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.planning.made.following import begun
from courier.planning.made.making import Found, Made, Sight, Suit, start_made
from courier.planning.made.names import made_run
from courier.planning.made.session import Question, Told, made_session
from courier.planning.observed.askeddraft import AskedDraft
from courier.resources.envelope import API_VERSION
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.run.frozen import FrozenPlan
from courier.runs.texts.material import as_data

KIND: Final = "SprintPlan"

WORKFLOW: Final = "plan-draft"
"""What records call the workflow of such runs."""

_INSTRUCTIONS: Final = """\
Your plan is worked off sprint by sprint, each by an agent that sees the repository as the sprint \
before left it, and nothing of this conversation. Each sprint leaves the repository working, can \
be reviewed by itself, and says how one sees that it is done. Begin with what everything else \
stands on or may fail of; do not plan what the goal does not need."""


def plan_drafts(sight: Sight) -> Found:
    """Return what is to be done about every request: those not begun yet start."""
    known = {run_of(asked.name): asked for asked in sight.observed.drafts}
    found = Found(owned=set(known))
    wanted = [
        made
        for run, asked in known.items()
        if not begun(sight.observed, run)
        for made in drafting(sight, asked)
    ]
    found.take(start_made(sight, wanted).values())
    return found


def run_of(name: str) -> str:
    """Return the name of the run that drafts a plan, e.g. ``sign-in.draft``."""
    return made_run(Ref(KIND, name))


def drafting(sight: Sight, asked: AskedDraft) -> Iterator[Made]:
    """Yield the run that drafts a plan; none where its project is not there."""
    cause = _cause(sight.catalog, asked)
    if cause is None:
        return
    named = {"project": asked.project} if asked.project else {}
    question = Question(
        title=f"Draft plan {asked.name}",
        task="\n\n".join(_task(asked)),
        instructions=_INSTRUCTIONS,
        workflow=WORKFLOW,
        step="draft",
        type="planner",
        harvest=FrozenHarvest(
            sort="sprintPlan",
            kind=KIND,
            name=asked.name,
            most=asked.sprints,
            given={
                "goal": asked.goal,
                "background": asked.background,
                "workflow": asked.workflow,
            },
            **named,
        ),
    )
    told = Told(f"{asked.by} asked for it", sight.observed.branch)
    made = made_session(cause, run_of(asked.name), question, source="manual", told=told)
    yield replace(made, suit=partial(_suited, asked, made.suit))


def _suited(asked: AskedDraft, suit: Suit, frozen: FrozenPlan) -> FrozenPlan:
    """Return the plan as a person asked for it by command: no document did."""
    return suit(frozen).model_copy(update={"asked_by": asked.by, "document": ""})


def _cause(catalog: Catalog, asked: AskedDraft) -> Document | None:
    """Return the plan as if somebody had written it already, where the project is written."""
    projects = [ref for ref in catalog.of_kind("Project") if asked.project in ("", ref.name)]
    if len(projects) != 1:
        return None
    draft = catalog.documents[projects[0]].draft
    value = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": asked.name, "project": projects[0].name},
        "spec": {"goal": asked.goal},
    }
    return Document(Ref(KIND, asked.name), value, draft._replace(value=value, prose=None))


def _task(asked: AskedDraft) -> Iterator[str]:
    yield "Plan how this repository gets to a goal."
    yield f"## The goal\n\n{asked.goal.strip()}"
    if asked.background.strip():
        yield f"## Background\n\n{as_data(asked.background, source='background')}"
    yield f"Plan at most {asked.sprints} sprints; fewer are better where they do."
