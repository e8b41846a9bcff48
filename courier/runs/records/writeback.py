"""What a run writes back: its record."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from courier.resources.model import Model
from courier.runs.briefs.scripted import ScriptRan
from courier.runs.harvest.frozen import FrozenHarvest, Gathered
from courier.runs.learnings.told import StepLearnings
from courier.runs.records.cichecks import ci_checks, pull_request_of
from courier.runs.records.extraction import extraction_of
from courier.runs.run.candidates import Entry, candidate_name, candidate_plans, entries_of
from courier.runs.run.frozen import FrozenChain, FrozenPlan, FrozenRetry, FrozenSandbox
from courier.runs.run.merging import merged
from courier.runs.run.rating import run_score
from courier.runs.run.run import Run

RECORD_VERSION = 1
"""Raised when a reader of the former version could misread a record."""


def folder(name: str, started_at: datetime) -> str:
    """Return a run's folder on the state branch, e.g. ``runs/2026/11/21/fix-auth``."""
    return f"runs/{started_at:%Y/%m/%d}/{name}"


def transcript_path(name: str, started_at: datetime) -> str:
    """Return where a run's transcript is kept under its month's transcript ref."""
    return f"{started_at:%Y/%m/%d}/{name}/transcript.jsonl.zst"


def journal_path(name: str, started_at: datetime, *, candidate: int | None = None) -> str:
    """Return where a run's journal is kept, beside its transcript, or that of a candidate."""
    whose = f"-c{candidate}" if candidate else ""
    return f"{started_at:%Y/%m/%d}/{name}/journal{whose}.jsonl.zst"


def step_folder(entry: Entry, *, at: int) -> str:
    """Return an attempt's folder inside its run's, e.g. ``steps/02-check-1``."""
    attempt = entry.ended
    retried = f".{attempt.attempt}" if attempt.attempt > 1 else ""
    lane = entry.lane.replace("/", "-")
    return f"steps/{at + 1:02d}-{lane}{attempt.step}-{attempt.iteration}{retried}"


def record_files(plan: FrozenPlan, run: Run) -> dict[str, bytes]:
    """Return path to content of everything a run keeps on the state branch."""
    assert run.started_at is not None  # noqa: S101 - a run is recorded only once it has started
    home = folder(plan.run, run.started_at)
    files = {f"{home}/run.json": to_json(record(plan, run))}
    for at, entry in enumerate(entries_of(plan, run)):
        attempt, inside = entry.ended, f"{home}/{step_folder(entry, at=at)}"
        files[f"{inside}/output.md"] = (attempt.outcome.text.rstrip() + "\n").encode()
        if attempt.verdict is not None:
            files[f"{inside}/verdict.json"] = to_json(_dumped(attempt.verdict))
        if attempt.score is not None:
            files[f"{inside}/score.json"] = to_json(_dumped(attempt.score))
        for script in attempt.scripts:
            if script.output:
                said = (script.output.rstrip() + "\n").encode()
                files[f"{inside}/scripts/{script.name}.md"] = said
    for one in run.candidates or ():
        if one.diff:
            files[f"{home}/candidates/{one.name}.diff"] = one.diff.encode()
    return files


def record(plan: FrozenPlan, run: Run) -> dict[str, object]:
    """Return the committed account of a run, ready for JSON."""
    delivered = run.delivered
    shown = next((asked for asked in reversed(run.asked) if asked.branch), None)
    opened = next((asked.pull_request for asked in reversed(run.asked) if asked.pull_request), None)
    pull_request = pull_request_of(run) if delivered else opened
    return {
        "recordVersion": RECORD_VERSION,
        "run": plan.run,
        "project": plan.project,
        "workflow": plan.workflow,
        "source": plan.source,
        **({"document": plan.document} if plan.document else {}),
        "title": plan.title,
        "task": plan.task,
        "phase": run.phase,
        "reason": run.reason,
        "message": run.message,
        "startedAt": _moment(run.started_at),
        "endedAt": _moment(run.ended_at),
        "specDigest": plan.spec_digest,
        "catalogDigest": plan.catalog_digest,
        "observedCommit": plan.observed_commit,
        "inputs": [
            entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in plan.inputs
        ],
        "base": {"branch": plan.git.base_branch, "commit": plan.git.base_commit},
        "work": {
            "branch": delivered.branch if delivered else shown.branch if shown else None,
            "commit": delivered.commit if delivered else run.work,
        },
        "pullRequest": _dumped(pull_request),
        "ciChecks": _dumped(ci_checks(plan, run)),
        "leftOut": list(plan.left_out),
        **({"chain": _chain(plan.chain)} if plan.chain else {}),
        **({"retryOf": _retry(plan.retry)} if plan.retry else {}),
        "approvals": list(_approvals(plan, run)),
        **({"merges": [_dumped(one) for one in merged(run.merges)]} if plan.merge else {}),
        **({"candidates": _candidates(plan, run)} if plan.candidates else {}),
        **({"harvest": _harvest(plan.harvest, run)} if plan.harvest else {}),
        "steps": [_attempt(plan, entry, at) for at, entry in enumerate(entries_of(plan, run))],
        "afterwards": _afterwards(run),
        **_extraction(plan, run),
        "score": _dumped(run_score(plan, run)),
        "transcript": run.transcript,
        "journal": run.journal,
        "usage": _dumped(run.usage),
    }


def _read(answer: Gathered) -> dict[str, object]:
    return answer.model_dump(mode="json", exclude={"found"})


def _harvest(harvest: FrozenHarvest, run: Run) -> dict[str, object]:
    """Return what was made of the answer; the pull request has the words."""
    told = harvest.model_dump(mode="json", by_alias=True, exclude={"given"})
    files = list(run.harvested.files) if run.harvested else []
    return {**told, "files": files}


def _approvals(plan: FrozenPlan, run: Run) -> Iterator[dict[str, object]]:
    """Yield every question with its answer; one that was answered before needs none."""
    answers = list(run.answered)
    for asked in run.asked:
        place = plan.approval(asked.approval)
        about = (asked.approval, asked.commit, asked.tree, asked.words)
        given = next(
            (one for one in answers if (one.approval, one.commit, one.tree, one.words) == about),
            None,
        )
        yield {
            **asked.model_dump(mode="json", by_alias=True, exclude={"kind", "pull_request"}),
            "pullRequest": asked.pull_request.number if asked.pull_request else None,
            "by": list(place.by) if place else [],
            "answer": given.model_dump(mode="json", by_alias=True, exclude={"kind"})
            if given
            else None,
        }


def to_json(value: object) -> bytes:
    """Return a machine-written record's bytes: pretty, stable, newline at the end."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _candidates(plan: FrozenPlan, run: Run) -> list[dict[str, object]]:
    """Return what is told of each candidate besides its steps; those under way are pending."""
    ended = {one.name: one for one in run.candidates or ()}
    choices = [tried.choice for tried in run.attempts if tried.choice is not None]
    told: list[dict[str, object]] = []
    for number, part in enumerate(candidate_plans(plan), start=1):
        name = candidate_name(number)
        one = ended.get(name)
        told.append(
            {
                "name": name,
                "agents": list(dict.fromkeys(step.agent for step in part.steps)),
                "budgetUsd": str(part.budget_usd) if part.budget_usd is not None else None,
                "phase": one.phase if one else "pending",
                "reason": one.reason if one else "Pending",
                "message": one.message if one else "",
                "commit": one.commit if one else None,
                "branch": (run.kept or {}).get(name),
                "chosen": run.chosen == name,
                "judged": choices[-1].reasons.get(name) if choices else None,
                "usage": _dumped(one.usage) if one else None,
            }
        )
    return told


def _name(entry: Entry) -> dict[str, object]:
    """Return what tells one attempt from all others of its run."""
    attempt = entry.ended
    whose = {"candidate": entry.candidate} if entry.candidate else {}
    return {
        **whose,
        "step": attempt.step,
        "iteration": attempt.iteration,
        "attempt": attempt.attempt,
    }


def _attempt(plan: FrozenPlan, entry: Entry, at: int) -> dict[str, object]:
    step, attempt = entry.step, entry.ended
    outcome = attempt.outcome.model_dump(mode="json", by_alias=True, exclude={"text", "usage"})
    return {
        **_name(entry),
        **({"run": attempt.run} if attempt.run else {}),
        "type": step.type,
        "folder": step_folder(entry, at=at),
        "agent": step.agent,
        "model": step.model,
        "effort": step.effort,
        "persona": step.persona,
        "origins": step.origins,
        "startedAt": _moment(attempt.started_at),
        "endedAt": _moment(attempt.ended_at),
        "base": attempt.base,
        "commit": attempt.commit,
        "files": list(attempt.files),
        "outcome": outcome,
        "verdict": _dumped(attempt.verdict),
        **({"choice": _dumped(attempt.choice)} if attempt.choice else {}),
        **({"answer": _read(attempt.answer)} if attempt.answer else {}),
        "refusal": _dumped(attempt.refusal),
        **({"resumed": _dumped(attempt.resumed)} if attempt.resumed else {}),
        **({"checkpoint": _dumped(attempt.checkpoint)} if attempt.checkpoint else {}),
        "promptDigest": attempt.prompt_digest,
        **({"learnings": _learnings(step.learnings)} if step.learnings else {}),
        "sandbox": attempt.sandbox,
        "machine": _machine(step.sandbox or plan.sandbox),
        "scripts": _scripts(attempt.scripts),
        "score": _dumped(attempt.score),
        "unscored": attempt.unscored,
        "scoring": _dumped(attempt.scoring),
        "usage": _dumped(attempt.usage),
    }


def _extraction(plan: FrozenPlan, run: Run) -> dict[str, object]:
    found = extraction_of(plan, run) if run.ended_at is not None else None
    return {"learnings": _dumped(found)} if found is not None else {}


def _learnings(told: StepLearnings) -> dict[str, object]:
    return told.model_dump(mode="json", by_alias=True, exclude={"text"})


def _chain(chain: FrozenChain) -> dict[str, object]:
    """Return which part of which chain the run does; the first part is 0."""
    part = chain.links[chain.at]
    told = {"kind": chain.kind, "name": chain.name, "part": part.part}
    return {**told, "index": chain.at, "count": len(chain.links)}


def _retry(retry: FrozenRetry) -> dict[str, object]:
    return retry.model_dump(mode="json", by_alias=True, exclude={"facts"})


def _machine(machine: FrozenSandbox) -> dict[str, object]:
    return {"template": machine.template, "cpu": machine.cpu, "memoryMB": machine.memory_mb}


def _afterwards(run: Run) -> dict[str, object] | None:
    """Return what the scripts that saw the finished work came to; None where none were to run."""
    concluded = run.concluded
    if concluded is None:
        return None
    return {
        "at": _moment(concluded.at),
        "commit": concluded.commit,
        "failure": concluded.failure,
        "scripts": _scripts(concluded.scripts),
    }


def _scripts(ran: Iterable[ScriptRan]) -> list[dict[str, object]]:
    return [each.model_dump(mode="json", by_alias=True, exclude={"output"}) for each in ran]


def _dumped(value: Model | None) -> dict[str, Any] | None:
    return value.model_dump(mode="json", by_alias=True) if value is not None else None


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
