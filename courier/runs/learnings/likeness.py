"""Holding learnings against each other: which say the same, and which contradict one another."""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, Literal, Protocol, TypeVar

Likeness = Literal["same", "contrary"]
"""same: one of the two is enough; contrary: for one occasion they ask for different things."""


class Likenable(Protocol):
    """A learning, wherever it comes from."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def trigger(self) -> str:
        """When it applies."""
        ...

    @property
    def correct_behavior(self) -> str:
        """What to do then."""
        ...

    @property
    def roles(self) -> Sequence[str]:
        """The step types that are told; empty for all."""
        ...

    @property
    def scope(self) -> Sequence[str]:
        """Globs of the paths it is about; empty for all."""
        ...

    @property
    def project(self) -> str | None:
        """The Project it belongs to; None for all of them."""
        ...


_Some = TypeVar("_Some", bound=Likenable)

_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_NO: Final = frozenset(
    ("not", "no", "never", "none", "avoid", "without", "forbid", "forbidden", "stop", "refuse")
)
_SMALL: Final = re.compile(
    "an?|and|any|are|be|every|for|i[fnst]|o[fnr]|that|the|then|there|this|to|when(ever)?|while|with"
    "|you|your"
)
"""Words that say nothing of what is meant."""

_SAME_OCCASION: Final = 0.75
_SAME_BEHAVIOR: Final = 0.7
_SAME_WHOLE: Final = 0.85
_MARK: Final = 16


def mark(lesson: Likenable) -> str:
    """Return what is equal for equal trigger and behaviour but for case, spaces and punctuation."""
    told = "\0".join(" ".join(_words(text)) for text in (lesson.trigger, lesson.correct_behavior))
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK]


def likeness(one: Likenable, other: Likenable) -> Likeness | None:
    """Return how two learnings stand to each other; None where they have nothing to do."""
    if mark(one) == mark(other):
        return "same"
    occasion = _overlap(one.trigger, other.trigger)
    behavior = _overlap(one.correct_behavior, other.correct_behavior)
    agree = _is_negated(one.correct_behavior) == _is_negated(other.correct_behavior)
    if agree and behavior >= _SAME_BEHAVIOR:
        whole = _overlap(_whole(one), _whole(other))
        return "same" if occasion >= _SAME_OCCASION or whole >= _SAME_WHOLE else None
    return "contrary" if occasion >= _SAME_OCCASION and _can_meet(one, other) else None


def like(lesson: Likenable, known: Iterable[_Some], sort: Likeness) -> list[_Some]:
    """Return those of some learnings that stand so to one, itself left out."""
    return [one for one in known if one.name != lesson.name and likeness(lesson, one) == sort]


def _whole(lesson: Likenable) -> str:
    return f"{lesson.trigger} {lesson.correct_behavior}"


def _can_meet(one: Likenable, other: Likenable) -> bool:
    """Return whether one step can be told both."""
    roles = not one.roles or not other.roles or bool({*one.roles} & {*other.roles})
    scopes = not one.scope or not other.scope or bool({*one.scope} & {*other.scope})
    projects = one.project is None or other.project is None or one.project == other.project
    return roles and scopes and projects


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _overlap(one: str, other: str) -> float:
    """Return how many of all words two texts share, from 0 to 1."""
    left, right = _weighty(one), _weighty(other)
    return len(left & right) / len(left | right) if left or right else 1.0


def _weighty(text: str) -> set[str]:
    return {word for word in _words(text) if not _SMALL.fullmatch(word)}


def _is_negated(text: str) -> bool:
    words = _words(text)
    return sum(word in _NO or word.endswith(("n't", "n\u2019t")) for word in words) % 2 == 1
