"""What courier writes into the messages of commits: a subject, and trailers that name their run."""

import re
from typing import Final

from courier.runs.run.candidates import candidate_name
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.texts.markdown import line

SUBJECT_LIMIT: Final = 72
"""Most characters of the first line."""

_DOMAIN: Final = "agents.courier.invalid"
_UNSAFE: Final = re.compile(r"[^\w .:/+()\[\]-]")


def commit_message(plan: FrozenPlan, step: FrozenStep, iteration: int) -> str:
    """Return the message of the commit that saves what a step left uncommitted."""
    round_ = f" (iteration {iteration})" if iteration > 1 else ""
    subject = line(plan.title, most=SUBJECT_LIMIT - len(round_)) + round_
    return f"{subject}\n\n" + "\n".join(trailers(plan, step, iteration)) + "\n"


def trailers(plan: FrozenPlan, step: FrozenStep, iteration: int) -> tuple[str, ...]:
    """Return the trailers of every commit that a step leaves."""
    found = [
        f"Courier-Run: {plan.run}",
        f"Courier-Step: {step.name}-{iteration}",
        f"Courier-Agent: {_plain(step.agent)}" + (f" {_plain(step.model)}" if step.model else ""),
    ]
    if plan.candidate is not None:
        found.append(f"Courier-Candidate: {candidate_name(plan.candidate)}")
    if step.persona:
        found.append(f"Courier-Persona: {_plain(step.persona)}")
    if step.agent != "shell":
        found.append(f"Co-authored-by: {co_author(step.agent, step.model)}")
    return tuple(found)


def co_author(agent: str, model: str | None) -> str:
    """Return an agent and its model as git writes people; no mailbox and no account is theirs."""
    name = f"{_plain(model)} ({_plain(agent)})" if model else _plain(agent)
    return f"{name} <{_plain(agent)}@{_DOMAIN}>"


def _plain(text: str) -> str:
    return " ".join(_UNSAFE.sub("", text).split())[:100]
