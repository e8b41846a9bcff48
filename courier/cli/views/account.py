"""The account of one run in full, for people."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from courier.cli.views import checks, learned
from courier.cli.views.figures import age, clock, cost, moment, tokens, took
from courier.cli.views.ink import PLAIN, Ink, columns, safe, safe_lines
from courier.cli.views.tables import phase_of

_LABEL = 14
_MOST_FEEDBACK = 16
"""Lines of one step's feedback that are shown."""
_TONES = {"pass": "green", "done": "green", "fail": "red"}


def told(account: Mapping[str, Any], now: datetime, ink: Ink = PLAIN) -> str:
    """Return everything a record, or a run in flight, says.

    Args:
        account: The record as plain JSON values.
        now: For ages and for how long a run in flight takes by now.
        ink: Whether to colour.
    """
    blocks = [
        _fields(_head(account, now), ink),
        _section("Task", safe_lines(str(account.get("task", ""))).splitlines(), ink),
        _section("Candidates", _candidates(account.get("candidates") or ()), ink),
        _section("Steps", list(_steps(account.get("steps") or (), ink)), ink),
        _section("Branches", _merges(account.get("merges") or ()), ink),
        _section("Checks", list(checks.told(account.get("ciChecks") or {}, now)), ink),
        _section("Approvals", list(_approvals(account.get("approvals") or ())), ink),
        _section("Checkpoints", _checkpoints(account.get("checkpoints") or (), now), ink),
        _section("Scripts", list(_scripts(account)), ink),
        _section("Learnings", list(learned.told(account)), ink),
        _section("Usage", _usage(account.get("usage") or {}), ink),
        _section("Inputs", _inputs(account), ink),
        _section("Conditions", _conditions(account.get("conditions") or ()), ink),
    ]
    return "\n\n".join(block for block in blocks if block)


def _head(account: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, str]]:
    phase, reason = phase_of(account)
    yield "Run", str(account.get("run"))
    yield "Title", str(account.get("title", ""))
    yield "Phase", phase if reason.lower() == phase else f"{phase} ({reason})"
    yield "Message", str(account.get("message") or "")
    yield "Project", str(account.get("project"))
    yield "Workflow", str(account.get("workflow"))
    yield "Source", str(account.get("source"))
    yield "Retry of", _retry(account.get("retryOf") or {})
    started, ended = moment(account.get("startedAt")), moment(account.get("endedAt"))
    if started:
        yield "Started", f"{clock(started)} UTC ({age(started, now)} ago)"
        until = f"{clock(ended)} UTC" if ended else "not yet"
        yield "Ended", f"{until}, {took(((ended or now) - started).total_seconds())}"
    base, work = account.get("base") or {}, account.get("work") or {}
    yield "Base", _at(base)
    yield "Work", _at(work)
    yield "Pull request", _pull_request(account.get("pullRequest") or {})
    yield "Score", _score(account.get("score") or {})
    if phase in ("failed", "cancelled"):
        yield "Again", f"courier retry {account.get('run')}"


def _retry(retry: Mapping[str, Any]) -> str:
    if not retry:
        return ""
    begin = f"from {retry['step']}" if retry.get("step") else "from the start"
    why = f": {retry['reason']}" if retry.get("reason") else ""
    return f"{retry['run']}, {begin}, asked for by {retry['by']}{why}"


def _at(place: Mapping[str, Any]) -> str:
    commit = str(place.get("commit") or "")[:10]
    return " ".join(part for part in (place.get("branch"), commit) if part)


def _score(score: Mapping[str, Any]) -> str:
    if not score:
        return ""
    parts = ((name, part) for name, part in score.items() if isinstance(part, Mapping))
    told = ", ".join(f"{name} {part['score']:g}" for name, part in parts)
    return f"{score['composite']:g} of 100 ({told}), by {score['scoredBy']}"


def _pull_request(pull: Mapping[str, Any]) -> str:
    if not pull:
        return ""
    if not pull.get("number"):
        return ": ".join(filter(None, (str(pull.get("status")), str(pull.get("reason") or ""))))
    url = f"  {pull['url']}" if pull.get("url") else ""
    return f"#{pull['number']} {pull['status']}, into {pull['base']}{url}"


def _candidates(found: Sequence[Mapping[str, Any]]) -> list[str]:
    if not found:
        return []
    rows = [("", "CANDIDATE", "AGENTS", "RESULT", "TOKENS", "COST", "BRANCH")]
    for one in found:
        usage = one.get("usage") or {}
        rows.append(
            (
                "*" if one.get("chosen") else "",
                str(one.get("name")),
                ", ".join(map(str, one.get("agents") or ())),
                str(one.get("reason")),
                tokens(usage),
                cost(usage),
                str(one.get("branch") or "-"),
            )
        )
    return columns([tuple(safe(cell) for cell in row) for row in rows])


def _merges(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what became of each branch that was brought in."""
    return columns(
        [(safe(str(one["branch"])), str(one["commit"])[:10], str(one["how"])) for one in found]
    )


def _steps(steps: Sequence[Mapping[str, Any]], ink: Ink) -> Iterator[str]:
    head = ("STEP", "AGENT", "RESULT", "TOOK", "TOKENS", "COST", "COMMIT")
    lines = columns([head, *(_step(step) for step in steps)])
    if not steps:
        return
    yield ink.paint(lines[0], "dim")
    for step, line in zip(steps, lines[1:], strict=True):
        tone = _TONES.get(_result(step), "red")
        yield line.replace(f" {_result(step)} ", f" {ink.paint(_result(step), tone)} ", 1)
        yield from (ink.paint(f"    {text}", "dim") for text in _feedback(step))


def _checkpoints(found: Sequence[Mapping[str, Any]], now: datetime) -> list[str]:
    """Return the last checkpoint of every attempt; its number says how many there are."""
    last = {str(one.get("attempt")): one for one in found}
    if not last:
        return []
    rows = [("ATTEMPT", "SAVED", "LAST", "COMMIT")]
    for attempt, one in last.items():
        at, commit = moment(one.get("at")), str(one.get("commit"))[:10]
        rows.append((attempt, str(one.get("number")), f"{age(at, now)} ago" if at else "-", commit))
    return columns([tuple(safe(cell) for cell in row) for row in rows])


def _scripts(account: Mapping[str, Any]) -> Iterator[str]:
    """Yield every script that ran, under the step it belongs to, and the end of what failed."""
    after = account.get("afterwards") or {}
    groups = [(str(step.get("folder", ""))[6:], step) for step in account.get("steps") or ()]
    ran = [
        (name, each)
        for name, group in (*groups, ("after the run", after))
        for each in group.get("scripts") or ()
    ]
    if not ran and not after.get("failure"):
        return
    head, *lines = columns([("OF", "WHEN", "SCRIPT", "RESULT", "TOOK"), *map(_script, ran)])
    yield head
    for (_, each), line in zip(ran, lines, strict=True):
        yield line
        if each.get("failed"):
            tail = str(each.get("tail") or "").splitlines()[-_MOST_FEEDBACK:]
            yield from (f"    {safe(text)}" for text in tail)
    if after.get("failure"):
        yield f"not run to their end: {safe(str(after['failure']))}"


def _script(ran: tuple[str, Mapping[str, Any]]) -> tuple[str, ...]:
    name, each = ran
    result = "done"
    if each.get("failed"):
        code = each.get("exitCode")
        how = "too slow" if code is None else f"exit code {code}"
        result = f"{how} ({'warned' if each.get('onFailure') == 'warn' else 'failed'})"
    told = (name, each.get("when"), each.get("name"), result, took(float(each.get("seconds", 0))))
    return tuple(safe(str(cell)) for cell in told)


def _step(step: Mapping[str, Any]) -> tuple[str, ...]:
    started, ended = moment(step.get("startedAt")), moment(step.get("endedAt"))
    usage = step.get("usage") or {}
    agent = " ".join(str(step[key]) for key in ("agent", "model", "effort") if step.get(key))
    again = f".{step['attempt']}" if step.get("attempt", 1) > 1 else ""
    lane = f"c{str(step['candidate']).rpartition('-')[2]}/" if step.get("candidate") else ""
    cells = (
        f"{lane}{step.get('step')} {step.get('iteration')}{again}",
        agent,
        _result(step),
        took((ended - started).total_seconds()) if started and ended else "-",
        f"of {step['run']}" if step.get("run") else tokens(usage),
        cost(usage),
        str(step.get("commit") or "-")[:10],
    )
    return tuple(safe(cell) for cell in cells)


def _result(step: Mapping[str, Any]) -> str:
    if step.get("refusal") and not step.get("commit"):
        return str(step["refusal"].get("code"))
    if step.get("verdict"):
        return "pass" if step["verdict"].get("passed") else "fail"
    if step.get("choice"):
        return str(step["choice"].get("chosen") or step["choice"].get("reason"))
    outcome = step.get("outcome") or {}
    return "done" if outcome.get("status") == "completed" else str(outcome.get("reason"))


def _feedback(step: Mapping[str, Any]) -> list[str]:
    verdict, refusal = step.get("verdict") or {}, step.get("refusal") or {}
    outcome = step.get("outcome") or {}
    text = refusal.get("message") or ("" if verdict.get("passed") else verdict.get("feedback"))
    if not text and outcome.get("status") != "completed":
        text = outcome.get("message")
    lines = safe_lines(str(text or "").strip()).splitlines()
    rest = len(lines) - _MOST_FEEDBACK
    return lines if rest <= 1 else [*lines[:_MOST_FEEDBACK], f"({rest} more lines: -o yaml)"]


def _approvals(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rows = []
    for asked in found:
        given = asked.get("answer") or {}
        at = moment(given.get("at"))
        rows.append(
            (
                str(asked.get("approval")),
                str(asked.get("tree"))[:12],
                str(given.get("answer") or "waits"),
                str(given.get("by") or "-"),
                f"{clock(at)} UTC" if at else "-",
                str(given.get("comment") or ""),
            )
        )
    if rows:
        head = ("PLACE", "TREE", "ANSWER", "BY", "AT", "COMMENT")
        yield from columns([head, *(tuple(safe(cell) for cell in row) for row in rows)])


def _usage(usage: Mapping[str, Any]) -> list[str]:
    rows = [
        ("tokens", tokens(usage)),
        ("cost", cost(usage)),
        ("agents worked", took(float(usage.get("agentSeconds", 0)))),
        ("sandboxes held", took(float(usage.get("sandboxSeconds", 0)))),
    ]
    return columns(rows)


def _inputs(account: Mapping[str, Any]) -> list[str]:
    rows = [
        (f"{one.get('kind')}/{one.get('name')}", str(one.get("digest"))[:12])
        for one in account.get("inputs") or ()
    ]
    if account.get("observedCommit"):
        rows.append(("documents read at", str(account["observedCommit"])[:10]))
    if account.get("transcript"):
        rows.append(("transcript", str(account["transcript"])[:12]))
    return columns([tuple(safe(cell) for cell in row) for row in rows])


def _conditions(found: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        (
            str(one.get("type")),
            str(one.get("status")),
            str(one.get("reason")),
            str(one.get("message")),
        )
        for one in found
    ]
    return columns([tuple(safe(cell) for cell in row) for row in rows])


def _fields(rows: Iterator[tuple[str, str]], ink: Ink) -> str:
    return "\n".join(
        f"{ink.paint(f'{label}:'.ljust(_LABEL), 'dim')} {safe(value)}"
        for label, value in rows
        if value
    )


def _section(title: str, lines: Sequence[str], ink: Ink) -> str:
    if not lines:
        return ""
    return "\n".join([ink.paint(title, "bold"), *(f"  {line}".rstrip() for line in lines)])
