"""The text reviewers read: a pull request's title and body, and commit messages, from a run."""

from collections.abc import Iterator
from typing import Final

from courier.runs.candidates import Entry, candidate_name, candidate_plans, entries_of
from courier.runs.events import AttemptEnded
from courier.runs.frozen import FrozenPlan, FrozenStep
from courier.runs.material import bounded
from courier.runs.rating import run_score
from courier.runs.run import Run
from courier.runs.usage import Usage

BODY_LIMIT = 60_000
"""Most characters of a body; forges refuse more than 65,536."""

_FOR_PEOPLE: Final = frozenset({"reviewer", "evaluator", "judge", "answerer"})
"""Types whose words about the work are worth reading beside it."""


def marker(run: str) -> str:
    """Return the hidden line by which a pull request is known to be a run's."""
    return f"<!-- courier-run: {run} -->"


def body(plan: FrozenPlan, run: Run) -> str:
    """Return the body of a run's pull request in Markdown."""
    parts = (
        run.harvested.body if run.harvested else _quoted(plan.task),
        *_said(plan, run),
        _candidates(plan, run),
        _steps_table(plan, run),
        _score(plan, run),
        "\n".join(f"- {sentence}" for sentence in (*plan.left_out, *_warned(run))),
        _numbers(run),
        f"Record: `courier describe run/{plan.run}` · "
        f"Try it: `git fetch origin {plan.git.branch} && git switch {plan.git.branch}`",
        marker(plan.run),
    )
    return bounded("\n\n".join(part for part in parts if part), BODY_LIMIT) + "\n"


def title(plan: FrozenPlan, run: Run) -> str:
    """Return what a run's pull request is called."""
    return run.harvested.title if run.harvested and run.harvested.title else plan.title


def commit_message(plan: FrozenPlan, step: FrozenStep, iteration: int) -> str:
    """Return the message of the commit that saves what a step left uncommitted."""
    round_ = f" (iteration {iteration})" if iteration > 1 else ""
    trailers = [
        f"Courier-Run: {plan.run}",
        f"Courier-Step: {step.name}-{iteration}",
        f"Courier-Agent: {step.agent}" + (f" {step.model}" if step.model else ""),
    ]
    if plan.candidate is not None:
        trailers.append(f"Courier-Candidate: {candidate_name(plan.candidate)}")
    if step.persona:
        trailers.append(f"Courier-Persona: {step.persona}")
    return f"{plan.title}{round_}\n\n" + "\n".join(trailers) + "\n"


def _quoted(task: str) -> str:
    lines = bounded(task.strip(), 4_000).splitlines()
    return "\n".join(f"> {line}" if line else ">" for line in lines)


def _said(plan: FrozenPlan, run: Run) -> Iterator[str]:
    """Yield the last words of who did the work, and of who looked at it for people after that."""
    entries = [one for one in entries_of(plan, run) if one.candidate in (None, run.chosen)]
    at = max((at for at, entry in enumerate(entries) if entry.ended.commit), default=None)
    if at is None:
        return
    for _, _, step, tried in entries[at:]:
        text = tried.outcome.text.strip()
        if step.agent == "shell" or not text or tried.outcome.status != "completed":
            continue
        if tried.commit:
            yield f"## What the agent says\n\n{bounded(text, 6_000)}"
        elif step.type in _FOR_PEOPLE and not (step.gives_verdict or step.chooses):
            yield f"## What `{step.name}` says\n\n{bounded(text, 6_000)}"


def _steps_table(plan: FrozenPlan, run: Run) -> str:
    rows = [
        "## Steps",
        "",
        "| step | iteration | agent | result | feedback |",
        "| --- | --- | --- | --- | --- |",
    ]
    rows += [_row(entry) for entry in entries_of(plan, run)]
    return "\n".join(rows)


def _warned(run: Run) -> Iterator[str]:
    """Yield a sentence for every script whose failure did not stop the run."""
    after = run.concluded.scripts if run.concluded else ()
    won = run.winner.attempts if run.winner else ()
    tries = (*won, *run.attempts)
    everything = [*(each for tried in tries for each in tried.scripts), *after]
    for each in everything:
        if each.failed and not each.is_fatal:
            yield each.summary


def _candidates(plan: FrozenPlan, run: Run) -> str:
    """Return who took part, what became of each, and why the judge chose as it did."""
    if run.candidates is None:
        return ""
    rows = [
        "## Candidates",
        "",
        "| candidate | agents | result | tokens | cost | branch |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for part, one in zip(candidate_plans(plan), run.candidates, strict=False):
        agents = ", ".join(dict.fromkeys(_agent(step) for step in part.steps))
        told = "**chosen**" if one.name == run.chosen else one.reason
        branch = plan.git.branch if one.name == run.chosen else (run.kept or {}).get(one.name)
        cost = (_tokens(one.usage), one.usage.price or "-", f"`{branch}`" if branch else "-")
        rows.append("| " + " | ".join((one.name, agents, told, *cost)) + " |")
    choices = [tried.choice for tried in run.attempts if tried.choice is not None]
    reasons = choices[-1].reasons if choices else {}
    judged = [f"**{name}**: {bounded(said, 2_000)}" for name, said in reasons.items()]
    return "\n\n".join(["\n".join(rows), *judged])


def _agent(step: FrozenStep) -> str:
    return f"{step.agent} {step.model}" if step.model else step.agent


def _row(entry: Entry) -> str:
    step, tried = entry.step, entry.ended
    cells = (
        f"{entry.lane}{step.name}",
        str(tried.iteration),
        _agent(step),
        result(tried),
        _cell(tried),
    )
    return "| " + " | ".join(cells) + " |"


def result(tried: AttemptEnded) -> str:
    """Return one word for how an attempt ended: pass, fail, done, a choice, or why it failed."""
    if tried.refusal is not None and tried.commit is None:
        return tried.refusal.code
    if tried.choice is not None:
        return tried.choice.chosen or tried.choice.reason
    if tried.verdict is not None:
        return "pass" if tried.verdict.passed else "fail"
    return "done" if tried.outcome.status == "completed" else tried.outcome.reason


def _cell(tried: AttemptEnded) -> str:
    """Return the feedback in one line: how it begins and, of several lines, how it ends."""
    feedback = tried.verdict.feedback if tried.verdict and not tried.verdict.passed else ""
    lines = [line.strip() for line in feedback.splitlines() if line.strip()]
    told = " … ".join(dict.fromkeys([_short(lines[0]), _short(lines[-1])])) if lines else ""
    return told.replace("|", "\\|").replace("<", "&lt;")


def _short(line: str) -> str:
    flat = " ".join(line.split())
    return flat if len(flat) <= 120 else flat[:119] + "…"


def _score(plan: FrozenPlan, run: Run) -> str:
    score = run_score(plan, run)
    if score is None:
        return ""
    rows = [
        f"## Score: {score.composite:g} of 100",
        "",
        "| part | score | why |",
        "| --- | --- | --- |",
    ]
    for name, part in score.parts.items():
        why = _short(part.reason).replace("|", "\\|").replace("<", "&lt;")
        rows.append(f"| {name} | {part.score:g} | {why} |")
    return "\n".join([*rows, "", f"By {score.scored_by}."])


def _numbers(run: Run) -> str:
    usage = run.usage
    parts = [f"Agents worked {usage.agent_seconds:.0f} s", _tokens(usage), usage.price]
    return " · ".join(part for part in parts if part)


def _tokens(usage: Usage) -> str:
    if not usage.input_tokens and not usage.output_tokens:
        return "no tokens"
    cached = usage.cache_read_tokens + usage.cache_write_tokens
    return f"{usage.input_tokens + cached:,} tokens in, {usage.output_tokens:,} out"
