"""When finished runs are looked through, and by whom."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from courier.planning.asked.effective import SHELL
from courier.planning.asked.sessions import session_settings, session_writer
from courier.planning.budgets.rates import freeze_rates, rates_of, services_of
from courier.planning.catalog.catalog import Catalog
from courier.planning.catalog.learnings import ObservedPending, approved
from courier.planning.documents.lacking import names_provider
from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.planning.made.following import begun
from courier.planning.made.making import Found, Made, Sight, start_made
from courier.planning.made.session import Question, Told, made_session
from courier.planning.plan import Held
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.records.extraction import INSTRUCTIONS, SESSION, session_of
from courier.runs.run.frozen import FrozenPlan
from courier.runs.steps.retry import original
from courier.runs.texts.material import as_data, bounded

MODEL: Final = "model"
"""What stands in the place of an agent's name where a model is asked by itself."""

WORKFLOW: Final = "learning"
"""What records call the workflow of such sessions."""

_MOST: Final = 5
_LISTED: Final = 12_000
_STAND_IN: Final = "claude"


def asked_model(catalog: Catalog, project: Ref) -> str | None:
    """Return the model that is asked by itself; None where an agent looks.

    That is meant where `sessions.learning` names a provider's model and no agent.
    """
    writer = session_writer(catalog, project, "learning")
    told = writer.told if writer else {}
    model = told.get("model")
    return model if "agent" not in told and names_provider(model) else None


def looked_at(session: str) -> str | None:
    """Return the run that a session, or a retry of one, looks through; None for any other run."""
    first = original(session)
    return first.removesuffix(SESSION) if first.endswith(SESSION) else None


def hindrance(catalog: Catalog, project: str) -> tuple[str, str] | None:
    """Return why nobody looks runs of a project through, as a word and a sentence; None if one may.

    Args:
        catalog: The documents in force.
        project: The name of the project.
    """
    ref = Ref("Project", project)
    if ref not in catalog.documents:
        return "ProjectGone", f"{ref} is not in `.courier/` any more."
    learnings = catalog.documents[ref].value["spec"].get("learnings") or {}
    if learnings.get("extract", "never") == "never":
        return "SwitchedOff", "The project does not extract learnings any more."
    if asked_model(catalog, ref) is None and _agent(catalog, ref) in (None, SHELL):
        told = (
            "No agent can do it: write `sessions.learning.agent`, or a provider's model such as "
            "`sessions.learning.model: anthropic/claude-haiku-4-5`."
        )
        return "NoAgent", told
    return None


def plan_learning(sight: Sight) -> Found:
    """Return what is to be done about runs that are to be looked through."""
    observed = sight.observed
    pending = observed.learnings.pending
    sessions = {session_of(run): run for run in pending}
    found = Found(owned={run for run in observed.in_flight if run in sessions})
    wanted = [
        learning(sight, pending[run])
        for session, run in sorted(sessions.items())
        if not begun(observed, session) and hindrance(sight.catalog, pending[run].project) is None
    ]
    for session, each in start_made(sight, wanted).items():
        told = {"kind": "Run", "name": session}
        found.take([each.model_copy(update=told) if isinstance(each, Held) else each])
    return found


def _agent(catalog: Catalog, project: Ref) -> str | None:
    return session_settings(catalog, project, "learning").values.text("agent")


def learning(sight: Sight, pending: ObservedPending) -> Made:
    """Return the session that looks a finished run through."""
    ref = Ref("Project", pending.project)
    many = len(list(sight.catalog.of_kind("Project"))) > 1
    harvest = FrozenHarvest(
        sort="learnings",
        kind="Run",
        name=pending.run,
        project=pending.project if many else None,
        most=_MOST,
    )
    question = Question(
        title=f"Learn from {pending.run}",
        task="\n\n".join([pending.material, *_known(sight.catalog)]),
        instructions=INSTRUCTIONS,
        workflow=WORKFLOW,
        step="learn",
        harvest=harvest,
    )
    told = Told(reason=f"{pending.run} has ended", branch=sight.observed.branch)
    document = sight.catalog.documents[ref]
    made = made_session(document, session_of(pending.run), question, source="learning", told=told)
    model = asked_model(sight.catalog, ref)
    if model is None:
        return made
    return replace(
        made,
        suit=partial(_asking, sight, question, model),
        stands_on=tuple(map(_with_agent, made.stands_on)),
    )


def _with_agent(workflow: Document) -> Document:
    """Return the workflow with an agent that freezing can know; the step has none in the end."""
    steps = [{**step, "agent": _STAND_IN} for step in workflow.value["spec"]["steps"]]
    value = {**workflow.value, "spec": {**workflow.value["spec"], "steps": steps}}
    return Document(workflow.ref, value, workflow.draft)


def _known(catalog: Catalog) -> Iterator[str]:
    titles = [f"- {one.trigger}: {one.correct_behavior}" for one in approved(catalog).values()]
    if titles:
        listed = bounded("\n".join(titles), _LISTED, whole="in `.courier/`")
        told = "These learnings are known; leave out what says the same."
        yield f"{told}\n\n{as_data(listed, source='learnings')}"


def _asking(sight: Sight, question: Question, model: str, frozen: FrozenPlan) -> FrozenPlan:
    """Return the plan in which a model is asked by itself."""
    suited = question.suit(frozen)
    (step,) = suited.steps
    asked = step.model_copy(
        update={"agent": MODEL, "model": model, "effort": None, "described": None, "skills": ()}
    )
    machines = sight.observed.machines
    services = services_of((asked,), scored_by=None, machines=machines)
    refs = rates_of(sight.catalog, frozen.project, services)
    rates = freeze_rates(sight.catalog, refs, services, machines=machines)
    return suited.model_copy(update={"steps": (asked,), "rates": rates, "extract": "never"})
