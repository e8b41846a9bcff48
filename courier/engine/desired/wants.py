"""What a catalog wants to have looked at, besides what every look is about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from courier.planning.catalog.catalog import Catalog
from courier.planning.catalog.learnings import pins
from courier.planning.chains.planner import tips_wanted
from courier.planning.freezing.images import images_wanted
from courier.planning.freezing.tips import branches_wanted
from courier.planning.observed.observed import Observed


def _no_tips(_observed: Observed) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Wants:
    """What is to be looked at.

    Attributes:
        branches: Branches whose tips are wanted; those that do not exist are left out.
        images: Files that Runs name as pictures.
        pins: Versions of the learnings that projects are pinned to.
        tips: Gives, from all else that is observed, further branches, each with the commit it was
            at when its work was put on record; a tip older than the record would lose work.
    """

    branches: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()
    pins: frozenset[int] = frozenset()
    tips: Callable[[Observed], Mapping[str, str]] = _no_tips


NOTHING = Wants()
"""Nothing besides."""


def wants_of(catalog: Catalog, tracked: str) -> Wants:
    """Return what a catalog wants.

    Args:
        catalog: A valid catalog.
        tracked: The tracked branch, whose tip everybody knows.
    """
    return Wants(
        branches_wanted(catalog, tracked),
        frozenset(images_wanted(catalog)),
        frozenset(pins(catalog)),
        partial(tips_wanted, catalog),
    )
