"""What is said to people of checks: on the pull request, and on record."""

from courier.runs.records.cichecks import CiChecks, FlakyCheck, RedCommit
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run
from courier.runs.steps.checking import repairer
from courier.runs.steps.ending import Ending
from courier.runs.texts.markdown import code
from courier.runs.texts.material import bounded

_LOG_LIMIT = 3_000


def help_note(plan: FrozenPlan, run: Run, ending: Ending) -> str:
    """Return what a pull request tells people that are to take it over, in Markdown."""
    parts = [
        "## A person is needed here",
        _line(ending.message),
        _history(plan, run),
        *_logs(run),
        f"courier does not touch `{plan.git.branch}` any more. Record: "
        f"`courier describe run/{plan.run}`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def checks_note(known: CiChecks) -> str:
    """Return what a pull request tells of checks that were not simply green, in Markdown."""
    lines = [f"- {told}" for told in (*map(_red, known.red), *map(_flaky, known.flaky))]
    stand = [f"| {code(one.name)} | {one.status} |" for one in known.checks]
    parts = [
        "## Checks",
        f"Of `{(known.head or '')[:10]}`: {known.overall}.",
        "\n".join(["| check | result |", "| --- | --- |", *stand]),
        "\n".join(["Before that:", "", *lines]),
    ]
    return "\n\n".join(parts) + "\n"


def _red(one: RedCommit) -> str:
    return f"`{one.head[:10]}` was red: {', '.join(map(code, one.checks))}" + (
        f" → mended by `{one.repair[:10]}`" if one.repair else ""
    )


def _flaky(one: FlakyCheck) -> str:
    return f"`{one.head[:10]}`: {code(one.name)} was red and turned green by itself"


def _history(plan: FrozenPlan, run: Run) -> str:
    """Return what was red, commit by commit, and what was tried."""
    who = repairer(plan, run)
    lines = []
    for one in run.ci.reds:
        names = ", ".join(f"`{_cell(red.name)}`" for red in one.red)
        tries = [tried for tried in run.attempts if tried.repairs == one.head]
        lines.append(f"- `{one.head[:10]}`: {names}" + (_then(tries[-1].commit) if tries else ""))
    told = f"Mended by step `{who[0].name}`, agent {who[0].agent}:" if who and lines else ""
    tried = any(attempt.repairs for attempt in run.attempts)
    return "\n".join([told if tried else "What is red:", "", *lines]) if lines else ""


def _then(commit: str | None) -> str:
    return f" → `{commit[:10]}`" if commit else " → nothing was changed"


def _logs(run: Run) -> list[str]:
    """Return what the newest red checks wrote, folded away."""
    newest = run.ci.reds[-1].red if run.ci.reds else ()
    return [
        f"<details><summary>{_cell(one.name)}</summary>\n\n{_fenced(one.log)}\n\n</details>"
        for one in newest
        if one.log.strip()
    ]


def _fenced(text: str) -> str:
    kept = bounded(text.strip(), _LOG_LIMIT, whole="where the check ran")
    fence = "```"
    while fence in kept:
        fence += "`"
    return f"{fence}\n{kept}\n{fence}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("`", "'").replace("<", "&lt;").replace("@", "@\u200b")


def _line(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;").replace("@", "@\u200b")
