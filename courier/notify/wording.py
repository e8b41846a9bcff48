"""What letters say to people: the facts of a notice, in lines, as plain text."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from courier.runs.notices.notice import Letter, Notice
from courier.runs.texts.markdown import line, quoted

_MOMENT: Final = re.compile(
    r"^<!-- courier-notice: (?P<at>\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d) -->\s*\Z", re.MULTILINE
)


def facts(notice: Notice) -> Iterator[tuple[str, str]]:
    """Yield what is worth a line of its own: its name and what it is."""
    yield "Project", notice.project
    run, pull = notice.run, notice.pull_request
    if run is not None:
        yield "Task", run.title
        yield "Workflow", run.workflow
        if run.reason and run.reason.lower() != run.phase:
            yield "Reason", run.reason
        if run.started_at and run.ended_at:
            yield "Took", took((run.ended_at - run.started_at).total_seconds())
        if run.score is not None:
            yield "Score", f"{run.score:g} of 100"
        if run.cost_usd is not None:
            yield "Cost", f"${run.cost_usd:.2f}"
    if pull is not None:
        by = f" by {pull.decided_by}" if pull.decided_by else ""
        yield "Pull request", f"#{pull.number} {pull.status}{by}: {pull.branch} → {pull.base}"


def comment(letter: Letter) -> str:
    """Return a letter as Markdown that does nothing."""
    notice = letter.notice
    said = [quoted(notice.message)] if notice.message else []
    rows = [f"- {name}: {line(told, most=300)}" for name, told in facts(notice) if told]
    moment = f"<!-- courier-notice: {notice.at.isoformat()} -->"
    headline = f"**{line(notice.headline, most=200)}**"
    return "\n\n".join([headline, *said, "\n".join(rows), moment]) + "\n"


def is_overtaken(letter: Letter, said: str) -> bool:
    """Return whether a comment tells of something later than a letter does; letters overtake."""
    found = _MOMENT.search(said)
    return found is not None and datetime.fromisoformat(found["at"]) > letter.notice.at


def footer(letter: Letter) -> str:
    """Return where a letter comes from, and what tells more."""
    run = letter.notice.run
    more = f" · courier describe run/{run.name}" if run is not None else ""
    return f"{letter.repository}{more}"


def took(seconds: float) -> str:
    """Return a length of time as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def plain(letter: Letter) -> str:
    """Return a letter as plain text of several lines."""
    notice = letter.notice
    rows = [f"{name}: {told}" for name, told in facts(notice) if told]
    link = [notice.pull_request.url] if notice.pull_request and notice.pull_request.url else []
    parts = [f"{notice.headline}.", notice.message, "\n".join(rows), *link, footer(letter)]
    return "\n\n".join(part for part in parts if part) + "\n"
