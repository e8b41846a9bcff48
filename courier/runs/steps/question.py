"""What a person is told who is to decide about a run: what for, where to look, how to answer."""

from collections.abc import Iterator
from typing import Final

from courier.runs.run.events import ApprovalAsked
from courier.runs.run.frozen import FrozenPlan

_MOST: Final = 2_000
"""Most characters of what the gate or the remote said."""


def how_to_answer(
    plan: FrozenPlan, asked: ApprovalAsked, *, held_at: str | None = None, why: str = ""
) -> str:
    """Return the message of a run that waits for a person.

    Args:
        plan: What the run does.
        asked: The question, with where the work was pushed to.
        held_at: The ref that holds work the gate refused; None where nothing could be put there.
        why: What the gate or the remote said.
    """
    about = f'At approval "{asked.approval}" it waits for a person.'
    parts = (
        about,
        asked.reason,
        why.strip()[:_MOST],
        *_where(plan, asked, held_at),
        _how(asked, plan),
    )
    return " ".join(part for part in parts if part)


def question_note(plan: FrozenPlan, asked: ApprovalAsked) -> str:
    """Return what the pull request says that is opened for people to decide."""
    why = f" {asked.reason}" if asked.reason else ""
    return (
        f'> **Waits for approval "{asked.approval}".**{why} Merging this means yes, closing it '
        f"means no; or `courier approve {plan.run}`, `courier reject {plan.run} --reason …`."
    )


def _where(plan: FrozenPlan, asked: ApprovalAsked, held_at: str | None) -> Iterator[str]:
    base = plan.git.base_commit[:10]
    if held_at is not None:
        yield f"See it: `git fetch origin {held_at} && git diff {base}...FETCH_HEAD`."
    elif asked.pull_request is not None:
        yield f"See it: pull request #{asked.pull_request.number}, branch {asked.branch}."
    elif asked.branch is not None:
        yield f"See it: branch {asked.branch}."
    if asked.words is not None:
        yield f"What was said: `courier describe run/{plan.run}`."


def _how(asked: ApprovalAsked, plan: FrozenPlan) -> str:
    merge = ", or merge the pull request" if asked.pull_request is not None else ""
    return (
        f"Yes: `courier approve {plan.run}`{merge}. "
        f"No: `courier reject {plan.run} --reason WHY`. It is about tree {asked.tree[:12]}."
    )
