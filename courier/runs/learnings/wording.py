"""Learnings in words: one entry of a document or a prompt, and entries under headings."""

from collections.abc import Iterable, Iterator, Sequence

from courier.runs.learnings.lesson import SEVERITIES, Lesson


def entry(lesson: Lesson) -> str:
    """Return what an agent is told of one learning, as Markdown."""
    return "\n".join([f"### {lesson.name}", "", *_points(lesson)])


def account(lesson: Lesson) -> str:
    """Return what people read of one learning: what agents are told, and who is told."""
    about = [
        f"- For: {', '.join(lesson.roles)}" if lesson.roles else "",
        f"- Project: {lesson.project}" if lesson.project else "",
        f"- Until: {lesson.expires}" if lesson.expires else "",
        f"- A {lesson.category}; digest {lesson.digest[:12]}",
    ]
    return "\n".join([entry(lesson), *filter(None, about)])


def by_severity(entries: Iterable[tuple[Lesson, str]]) -> Iterator[str]:
    """Yield entries under the headings of their severities, the gravest first."""
    known = list(entries)
    for severity in SEVERITIES:
        found = [text for lesson, text in known if lesson.severity == severity]
        if found:
            yield f"## {severity.capitalize()}"
            yield from found


def _points(lesson: Lesson) -> Sequence[str]:
    points = [
        _point("When", lesson.trigger),
        _point("Do", lesson.correct_behavior),
        _point("Why", lesson.description),
    ]
    globs = ", ".join(f"`{glob}`" for glob in lesson.scope)
    return [*points, f"- Only about: {globs}"] if globs else points


def _point(word: str, text: str) -> str:
    """Return one item of a list; further lines stay inside of it, whatever they begin with."""
    lines = text.strip().splitlines() or [""]
    return "\n".join([f"- {word}: {lines[0]}", *(f"  {line}".rstrip() for line in lines[1:])])
