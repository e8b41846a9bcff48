"""How a daemon and its projects are shown."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from courier.cli.views.figures import age
from courier.cli.views.ink import Ink, safe
from courier.cli.views.json_text import to_json
from courier.engine.serving.status import Household, Status
from courier.planning.conditions import Condition

_TONES = {("Ready", "True"): "green", ("Stalled", "True"): "red", ("Reconciling", "True"): "cyan"}


def of_daemon(told: Household | None, now: datetime, ink: Ink, *, pid: int | None) -> str:
    """Return a daemon in a line or two."""
    if pid is None or told is None:
        return ink.paint("No daemon runs on this state folder.", "yellow") + (
            f" The last one stopped {age(told.stopped_at, now)} ago."
            if told and told.stopped_at
            else " Start one with `courier daemon`, or do one pass with `courier apply`."
        )
    lines = [f"Daemon {pid}, version {told.version}, started {age(told.started_at, now)} ago."]
    lines += [f"  {ink.paint('List:', 'red')} {safe(problem)}" for problem in told.problems]
    return "\n".join(lines)


def shown(found: Iterable[Status], now: datetime, ink: Ink, output: str = "text") -> str:
    """Return repositories with their projects and conditions."""
    if output == "json":
        return to_json({"formatVersion": 1, "repositories": _items(found)})
    return "\n".join(line for each in found for line in _repository(each, now, ink))


def json_of(told: Household | None, found: Sequence[Status], *, running: bool) -> str:
    """Return all of it as JSON."""
    daemon = told.model_dump(mode="json", by_alias=True) if told else None
    return to_json(
        {
            "formatVersion": 1,
            "running": running,
            "daemon": daemon,
            "repositories": _items(found),
        }
    )


def _items(found: Iterable[Status]) -> list[object]:
    return [one.model_dump(mode="json", by_alias=True) for one in found]


def _repository(each: Status, now: datetime, ink: Ink) -> Iterator[str]:
    branch = f" {safe(each.branch)}" if each.branch else ""
    yield ink.paint(f"{safe(each.repository)}{branch}", "bold")
    looked = f"{age(each.last_pass_at, now)} ago" if each.last_pass_at else "never"
    yield (
        f"  Last pass {looked}; {each.in_flight} in flight, {each.queued} of them in line. "
        f"In force: {_short(each.applied_commit)}."
    )
    if each.attempted_commit and each.attempted_commit != each.applied_commit:
        yield ink.paint(f"  {_short(each.attempted_commit)} is not in force:", "red")
    yield from (f"    {safe(problem)}" for problem in each.problems)
    if not each.projects:
        yield from _conditions(each.conditions, now, ink)
    for project in each.projects:
        suspended = ", suspended" if project.suspended else ""
        counts = f"{len(project.under_way)} under way, {project.held} held"
        told = f"{counts}, {project.settled} settled{suspended}"
        yield f"  Project {ink.paint(safe(project.project), 'bold')}: {told}"
        yield from _conditions(project.conditions, now, ink)


def _conditions(found: Iterable[Condition], now: datetime, ink: Ink) -> Iterator[str]:
    for one in found:
        mark = ink.paint(one.status.ljust(5), _TONES.get((one.type, one.status), "dim"))
        message = f": {safe(one.message)}" if one.message else ""
        yield f"    {one.type.ljust(11)} {mark} {one.reason} for {age(one.since, now)}{message}"


def _short(commit: str) -> str:
    return commit[:12] or "nothing yet"
