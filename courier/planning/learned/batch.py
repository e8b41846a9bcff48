"""A batch: the learnings one pull request of a project proposes, until people decided about it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from courier.planning.harvest.crop import counted
from courier.planning.yaml.blocks import to_yaml
from courier.resources.envelope import API_VERSION
from courier.resources.model import Model
from courier.runs.harvest.words import inline
from courier.runs.learnings.lesson import SEVERITIES, Lesson
from courier.runs.learnings.likeness import mark

BATCHES: Final = "learnings/open"
"""Where batches are on the state branch, one file a project."""

REJECTED: Final = "learnings/rejected"
"""Where what people rejected is remembered, one file a learning."""

EVIDENCE: Final = "learnings/evidence.jsonl"
"""Where runs that showed a known learning again are noted, one line each."""

MOST_TOGETHER: Final = 20
"""So many learnings one pull request proposes; more wait until it is decided."""


class Proposed(Model):
    """One learning in a batch."""

    lesson: Lesson
    contrary: tuple[str, ...] = ()
    """Names of learnings it contradicts."""
    published: bool = False
    """Whether it is on the branch; what people take away there is not put back."""


class Batch(Model):
    """What one pull request proposes."""

    project: str
    branch: str
    """Of its own: a later batch has another."""
    forge: str = "local"
    """Where it is proposed, as the Project says it."""
    number: int | None = None
    """The pull request's; null until it is open."""
    learnings: tuple[Proposed, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """Paths of what was rejected by command, which the branch does not lack yet."""

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        """Return what is proposed."""
        return tuple(one.lesson for one in self.learnings)

    @property
    def unpublished(self) -> tuple[Lesson, ...]:
        """Return what is not on the branch yet."""
        return tuple(one.lesson for one in self.learnings if not one.published)

    @property
    def title(self) -> str:
        """Return what the pull request is called."""
        return f"{counted(len(self.learnings), 'learning')} of {self.project}"

    @property
    def body(self) -> str:
        """Return what the pull request says, as Markdown."""
        return "\n\n".join(_body(self)) + "\n"


class Rejected(Model):
    """A learning people did not want; nothing like it is proposed again."""

    lesson: Lesson
    by: str | None = None
    """Who, as far as the forge tells."""
    at: datetime
    number: int | None = None
    """The pull request it was in."""
    reason: str = ""


def batch_path(project: str) -> str:
    """Return where a project's batch is on the state branch."""
    return f"{BATCHES}/{project}.json"


def rejected_path(lesson: Lesson) -> str:
    """Return where it is remembered that a learning was rejected."""
    return f"{REJECTED}/{mark(lesson)}.json"


def begun(project: str, first: Lesson, *, forge: str) -> Batch:
    """Return an empty batch whose first learning will be that one."""
    branch = f"courier-learnings/{project}-{mark(first)[:8]}"
    return Batch(project=project, branch=branch, forge=forge)


def document_of(lesson: Lesson) -> bytes:
    """Return a learning as the YAML of its document."""
    named = {"name": lesson.name, **({"project": lesson.project} if lesson.project else {})}
    spec = {
        "description": lesson.description,
        "trigger": lesson.trigger,
        "correctBehavior": lesson.correct_behavior,
        "severity": lesson.severity,
        "category": lesson.category,
        **({"roles": list(lesson.roles)} if lesson.roles else {}),
        **({"scope": list(lesson.scope)} if lesson.scope else {}),
        "evidence": [
            {"run": one.run, **({"commit": one.commit} if one.commit else {})}
            for one in lesson.evidence
        ],
    }
    told = {"apiVersion": API_VERSION, "kind": "Learning", "metadata": named, "spec": spec}
    return to_yaml(told).encode()


def _body(batch: Batch) -> Iterator[str]:
    yield (
        "Finished runs taught this. Merging approves what is in here: later runs are told it. "
        "Change the files or delete some first where that is better; what is deleted, and "
        "everything in a pull request that is closed, is not proposed again."
    )
    for severity in SEVERITIES:
        found = [one for one in batch.learnings if one.lesson.severity == severity]
        if found:
            yield f"## {severity.capitalize()}"
            yield from map(_told, found)


def _told(one: Proposed) -> str:
    lesson = one.lesson
    runs = ", ".join(f"`{each.run}`" for each in lesson.evidence)
    lines = [
        f"### `{lesson.name}`",
        "",
        f"- When: {inline(lesson.trigger)}",
        f"- Do: {inline(lesson.correct_behavior)}",
        f"- Why: {inline(lesson.description)}",
        f"- A {lesson.category}, seen in {runs}; `{lesson.path}`",
        *([f"- Only told to: {', '.join(lesson.roles)}"] if lesson.roles else []),
        *([f"- Only about: {_globs(lesson.scope)}"] if lesson.scope else []),
        *_contradictions(one.contrary),
    ]
    return "\n".join(lines)


def _globs(scope: Sequence[str]) -> str:
    return ", ".join(inline(glob) for glob in scope)


def _contradictions(names: Sequence[str]) -> Iterator[str]:
    if names:
        told = ", ".join(f"`{name}`" for name in names)
        yield f"- **Contradicts {told}**: for one occasion they ask for different things; keep one."
