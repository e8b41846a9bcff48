"""The text reviewers read: the title and body of a pull request, from a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from courier.runs.proposal.chaintext import chain_list, shared_title
from courier.runs.proposal.checklist import checklist
from courier.runs.proposal.steptable import (
    candidates_table,
    lasted,
    score_table,
    steps_table,
    tokens,
)
from courier.runs.pullrequests.stack import Floor, told_stack
from courier.runs.records.writeback import folder
from courier.runs.run.candidates import entries_of
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.merging import merges_table
from courier.runs.run.run import Run
from courier.runs.texts.filechange import FileChange, counted
from courier.runs.texts.markdown import code, line, quoted
from courier.runs.texts.material import bounded

BODY_LIMIT: Final = 60_000
"""Most characters of a body; forges refuse more than 65,536."""

TITLE_LIMIT: Final = 72
"""Most characters of a title: what lists of pull requests show of one."""

_FOR_PEOPLE: Final = frozenset({"reviewer", "evaluator", "judge", "answerer"})
"""Types whose words about the work are worth reading beside it."""
_FILES: Final = 25
_WORDS: Final = 12_000
"""Most characters of what agents said, all of them together."""


@dataclass(frozen=True, slots=True)
class Particulars:
    """What a pull request tells that a run's facts do not hold.

    Attributes:
        note: What is said before everything else, in Markdown of ours.
        asked_by: Who asked for the run.
        changes: What the work changes, file by file.
        at: The time it is told at; None where no time is to be told.
        stack: The pull requests it is one of, itself included.
        base: Where it goes; empty for where its plan says.
    """

    note: str = ""
    asked_by: str = ""
    changes: tuple[FileChange, ...] = ()
    at: datetime | None = None
    stack: tuple[Floor, ...] = ()
    base: str = ""


def marker(run: str) -> str:
    """Return the hidden line by which a pull request is known to be a run's."""
    return f"<!-- courier-run: {run} -->"


def title(plan: FrozenPlan, run: Run | None = None) -> str:
    """Return the title of a run's pull request: short, on one line, and doing nothing."""
    harvested = run.harvested.title if run and run.harvested else ""
    told = harvested or shared_title(plan) or plan.title
    first = " ".join(told.split()).lstrip("#*->• ").rstrip(" .")
    return line(first, most=TITLE_LIMIT) or f"Work of run {plan.run}"


def body(plan: FrozenPlan, run: Run, told: Particulars | None = None) -> str:
    """Return the body of a run's pull request in Markdown."""
    told = told or Particulars()
    parts = (
        told.note,
        _asked(plan, run, told),
        told_stack(told.stack, plan.git.branch),
        _headed("Chain", chain_list(plan)),
        _headed("For the reviewer", checklist(plan, run, told.changes)),
        _headed("Branches", merges_table(run)),
        _changed(told.changes),
        *_said(plan, run),
        _headed("Candidates", candidates_table(plan, run)),
        _headed("Score", score_table(plan, run)),
        _headed("Steps", steps_table(plan, run)),
        _headed("Cost and time", _numbers(run, told.at)),
        _headed("See for yourself", _commands(plan, run)),
    )
    text = "\n\n".join(part for part in parts if part)
    end = marker(plan.run)
    return f"{bounded(text, BODY_LIMIT - len(end) - 100)}\n\n{end}\n"


def _headed(heading: str, text: str) -> str:
    return f"## {heading}\n\n{text}" if text else ""


def _asked(plan: FrozenPlan, run: Run, told: Particulars) -> str:
    """Return what was asked for, and by whom; of a harvest what it brought."""
    what = quoted(bounded(plan.task.strip(), 4_000))
    if run.harvested is not None and run.harvested.body:
        what = bounded(run.harvested.body.strip(), 20_000)
    name = told.asked_by.partition("<")[0].strip()
    by = f" by {line(name, most=80)}" if name else ""
    where = f" in {code(plan.document)}" if plan.document else ""
    again = f", again after {code(plan.retry.run)}" if plan.retry is not None else ""
    of = f"Asked for{by}{where}{again}; workflow {code(plan.workflow)}."
    return f"{what}\n\n{of}"


def _changed(changes: tuple[FileChange, ...]) -> str:
    if not changes:
        return ""
    rows = [f"## What changed: {counted(changes)}", "", "| file | + | - |", "| --- | --: | --: |"]
    for one in changes[:_FILES]:
        lines = ("-" if told is None else str(told) for told in (one.added, one.removed))
        rows.append("| " + " | ".join((code(one.path, most=120), *lines)) + " |")
    if len(changes) > _FILES:
        rows += ["", f"And {counted(changes[_FILES:])} in others."]
    return "\n".join(rows)


def _said(plan: FrozenPlan, run: Run) -> Iterator[str]:
    """Yield the last words of who did the work, and of who looked at it for people after that."""
    entries = [one for one in entries_of(plan, run) if one.candidate in (None, run.chosen)]
    at = max((at for at, entry in enumerate(entries) if entry.ended.commit), default=None)
    if at is None:
        return
    left = _WORDS
    for _, _, step, tried in entries[at:]:
        text = bounded(tried.outcome.text.strip(), min(left, 6_000))
        if step.agent == "shell" or not text or tried.outcome.status != "completed":
            continue
        if tried.commit:
            yield _headed("What the agent says", quoted(text))
        elif step.type in _FOR_PEOPLE and not (step.gives_verdict or step.chooses):
            yield _headed(f"What {code(step.name)} says", quoted(text))
        left -= len(text)
        if left < 500:
            return


def _numbers(run: Run, at: datetime | None) -> str:
    usage = run.usage
    parts = [f"Agents worked {lasted(usage.agent_seconds)}"]
    if at is not None and run.started_at is not None:
        parts.append(f"{lasted((at - run.started_at).total_seconds())} from start to here")
    parts += [tokens(usage), usage.price or ("" if not usage.unpriced else "cost unknown")]
    return " · ".join(part for part in parts if part)


def _commands(plan: FrozenPlan, run: Run) -> str:
    """Return how to have the work, its record, and the same once more."""
    lines = [
        f"git fetch origin {plan.git.branch} && git switch {plan.git.branch}",
        f"courier describe run/{plan.run}   # everything that is on record",
        f"courier replay {plan.run}         # go through it again, asking no model",
        f"courier retry {plan.run}          # have it done again",
    ]
    record = folder(plan.run, run.started_at) if run.started_at else ""
    where = f"\n\nRecord: `{record}/` on branch `courier/state`." if record else ""
    return "```sh\n" + "\n".join(lines) + "\n```" + where
