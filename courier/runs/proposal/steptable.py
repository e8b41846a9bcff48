"""Tables of what was done in a run: its steps, its candidates, its score."""

from typing import Final

from courier.runs.run.candidates import Entry, candidate_plans, entries_of
from courier.runs.run.events import AttemptEnded
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.run.rating import is_short, run_score
from courier.runs.run.run import Run
from courier.runs.texts.markdown import cell, code, line
from courier.runs.usage.usage import Usage

MOST_ROWS: Final = 40
"""Most attempts that are told one by one."""

_FEEDBACK: Final = 120


def steps_table(plan: FrozenPlan, run: Run) -> str:
    """Return every attempt with its result, the newest of very many."""
    entries = list(entries_of(plan, run))
    shown = entries[-MOST_ROWS:]
    rows = [
        "| step | iteration | agent | result | time | cost | feedback |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *map(_row, shown),
    ]
    if len(shown) < len(entries):
        rows += ["", f"{len(entries) - len(shown)} earlier attempts are on record."]
    return "\n".join(rows) if entries else ""


def candidates_table(plan: FrozenPlan, run: Run) -> str:
    """Return who took part, what became of each, and why the judge chose as it did."""
    if run.candidates is None:
        return ""
    rows = [
        "| candidate | agents | result | tokens | cost | branch |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for part, one in zip(candidate_plans(plan), run.candidates, strict=False):
        agents = ", ".join(dict.fromkeys(_agent(step) for step in part.steps))
        told = "**chosen**" if one.name == run.chosen else cell(one.reason, most=80)
        branch = plan.git.branch if one.name == run.chosen else (run.kept or {}).get(one.name)
        cost = (tokens(one.usage), one.usage.price or "-", code(branch) if branch else "-")
        rows.append("| " + " | ".join((one.name, agents, told, *cost)) + " |")
    choices = [tried.choice for tried in run.attempts if tried.choice is not None]
    reasons = choices[-1].reasons if choices else {}
    judged = [
        f"**{cell(name, most=60)}**: {line(said, most=1_000)}"
        for name, said in list(reasons.items())[: len(run.candidates)]
    ]
    return "\n\n".join(["\n".join(rows), *judged])


def score_table(plan: FrozenPlan, run: Run) -> str:
    """Return what the run scores part by part; empty where nothing was scored."""
    score = run_score(plan, run)
    if score is None:
        return ""
    threshold = plan.quality.threshold
    rows = ["| part | score | why |", "| --- | --- | --- |"]
    for name, part in score.parts.items():
        rows.append(f"| {name} | {part.score:g} | {cell(part.reason, most=200)} |")
    needed = f", {threshold:g} are needed" if threshold is not None else ""
    short = " (too few)" if is_short(plan, score) else ""
    by = f"**{score.composite:g} of 100**{needed}{short}, by {code(score.scored_by)}."
    return "\n".join([by, "", *rows])


def result(tried: AttemptEnded) -> str:
    """Return one word for how an attempt ended: pass, fail, done, a choice, or why it failed."""
    if tried.refusal is not None and tried.commit is None:
        return tried.refusal.code
    if tried.choice is not None:
        return tried.choice.chosen or tried.choice.reason
    if tried.verdict is not None:
        return "pass" if tried.verdict.passed else "fail"
    return "done" if tried.outcome.status == "completed" else tried.outcome.reason


def tokens(usage: Usage) -> str:
    """Return how many tokens were used, for people."""
    if not usage.input_tokens and not usage.output_tokens:
        return "no tokens"
    cached = usage.cache_read_tokens + usage.cache_write_tokens
    return f"{usage.input_tokens + cached:,} tokens in, {usage.output_tokens:,} out"


def lasted(seconds: float) -> str:
    """Return a time for people, e.g. ``42 s``, ``9 min``, ``2 h 5 min``."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _row(entry: Entry) -> str:
    step, tried = entry.step, entry.ended
    cells = (
        f"{entry.lane}{step.name}",
        str(tried.iteration),
        _agent(step),
        cell(result(tried), most=60),
        lasted((tried.ended_at - tried.started_at).total_seconds()),
        tried.usage.price or "-",
        _feedback(tried),
    )
    return "| " + " | ".join(cells) + " |"


def _agent(step: FrozenStep) -> str:
    return cell(f"{step.agent} {step.model}" if step.model else step.agent, most=80)


def _feedback(tried: AttemptEnded) -> str:
    """Return the feedback in one line: how it begins and, of several lines, how it ends."""
    feedback = tried.verdict.feedback if tried.verdict and not tried.verdict.passed else ""
    lines = [each.strip() for each in feedback.splitlines() if each.strip()]
    ends = dict.fromkeys((lines[0], lines[-1])) if lines else ()
    return " … ".join(cell(end, most=_FEEDBACK) for end in ends)
