"""Sifting what a run taught: what is new, what is known, what people did not want."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from courier.planning.learned.batch import MOST_TOGETHER, Batch, Proposed, begun
from courier.runs.learnings.lesson import Evidence, Lesson
from courier.runs.learnings.likeness import like


@dataclass(frozen=True, slots=True)
class KnownLessons:
    """What is there already.

    Attributes:
        documents: Learnings of the catalog that are approved or proposed.
        rejected: Those of the catalog that are rejected, and those people closed or took away.
        names: Every name that is taken.
        forge: Where the project proposes.
    """

    documents: Sequence[Lesson] = ()
    rejected: Sequence[Lesson] = ()
    names: frozenset[str] = frozenset()
    forge: str = "local"


@dataclass(frozen=True, slots=True)
class Sifted:
    """What became of what one run taught.

    Attributes:
        batch: What is proposed now; None where nothing is.
        proposed: Names of what is new.
        evidence: What is known and was shown again, each with what shows it.
        rejected: How many are like something people rejected.
        wait: How many found no room in the pull request that is open.
    """

    batch: Batch | None
    proposed: tuple[str, ...] = ()
    evidence: tuple[tuple[Lesson, Evidence], ...] = ()
    rejected: int = 0
    wait: int = 0


def sifted(
    found: Iterable[Lesson], known: KnownLessons, batch: Batch | None, *, project: str
) -> Sifted:
    """Return what becomes of what a run taught; asked again with what came of it, nothing new.

    Args:
        found: What the run taught.
        known: What is there already.
        batch: What is proposed so far.
        project: The project.
    """
    told = Sifted(batch)
    for lesson in found:
        told = _sift(told, lesson, known, project)
    return told


def _sift(told: Sifted, lesson: Lesson, known: KnownLessons, project: str) -> Sifted:
    held = told.batch.lessons if told.batch else ()
    if _twin(lesson, known.rejected) is not None:
        return replace(told, rejected=told.rejected + 1)
    twin = _twin(lesson, [*known.documents, *held])
    if twin is not None and twin in held and lesson.evidence[0] in twin.evidence:
        # What this very run taught, taken in when somebody was cut off.
        return replace(told, proposed=tuple(dict.fromkeys((*told.proposed, twin.name))))
    if twin is not None:
        return replace(told, evidence=(*told.evidence, (twin, lesson.evidence[0])))
    if len(held) >= MOST_TOGETHER:
        return replace(told, wait=told.wait + 1)
    if lesson.name in known.names:
        # Somebody else's document has the name of this one's words.
        name = f"{lesson.name[:54].rstrip('-')}-learnt"
        path = f".courier/learnings/{name}.yaml"
        lesson = lesson.model_copy(update={"name": name, "path": path})
    contrary = like(lesson, [*known.documents, *held], "contrary")
    one = Proposed(lesson=lesson, contrary=tuple(each.name for each in contrary))
    batch = told.batch or begun(project, lesson, forge=known.forge)
    grown = batch.model_copy(update={"learnings": (*batch.learnings, one)})
    return replace(told, batch=grown, proposed=(*told.proposed, lesson.name))


def _twin(lesson: Lesson, others: Iterable[Lesson]) -> Lesson | None:
    """Return one that says the same, the very one included."""
    every = list(others)
    named = next((one for one in every if one.name == lesson.name), None)
    return next(iter(like(lesson, every, "same")), named)
