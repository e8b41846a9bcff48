"""Who may decide what: pure answers from the Team documents of a project."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from courier.planning.catalog.catalog import Catalog
from courier.resources.team import Team

_RANK: Final = ("member", "admin", "owner")
"""Roles, each of which may do what those before it may."""

_PERSON: Final = re.compile(r"\s*(?P<name>[^<>]*?)\s*(<(?P<email>[^<>]*)>)?\s*")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as git, or a forge, tells it.

    Attributes:
        user: The name on the forge or in the Team, where it is known.
    """

    name: str = ""
    email: str = ""
    user: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Return everything the person may be called by, in lower case."""
        return frozenset(each.casefold() for each in (self.name, self.email, self.user) if each)


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a Team; ``role`` is owner, admin or member."""

    user: str
    role: str


def person_of(written: str | None, user: str = "") -> Person:
    """Return the person that ``Name <email>``, or a bare name, stands for."""
    found = _PERSON.fullmatch(written or "")
    if found is None:
        return Person(user=user)
    return Person(found["name"] or "", found["email"] or "", user)


def team_of(catalog: Catalog, project: str) -> tuple[Member, ...]:
    """Return everybody in the Teams of a project; nobody where it has no Team."""
    found = []
    for ref in catalog.of_kind("Team"):
        owner = catalog.project_of(ref)
        team = catalog.resource(ref)
        if isinstance(team, Team) and (owner is None or owner.name == project):
            found += [Member(each.user, each.role) for each in team.spec.members]
    return tuple(found)


def objection(
    person: Person,
    *,
    by: Sequence[str],
    team: Collection[Member],
    requested_by: str | None = None,
) -> str | None:
    """Return why a person may not approve; None if they may.

    Args:
        person: Who wants to.
        by: Users and roles that may; empty for every admin and owner.
        team: The project's Team; nobody in it where there is none.
        requested_by: Who asked for the run; a member does not approve what they asked for.
    """
    if not team:
        users = {each.casefold() for each in by} - set(_RANK)
        if not users or users & person.names:
            return None
        return f"Only {_listed(by)} may."
    mine = [each for each in team if each.user.casefold() in person.names]
    if not mine:
        return "The project has a Team, and this is nobody of it."
    if not any(_is_named(each, by) for each in mine):
        return f"Only {_listed(by) if by else 'admins and owners of the Team'} may."
    if _is_own(person, mine, team, requested_by) and all(each.role == "member" for each in mine):
        return "A member does not approve a run they asked for; somebody else has to."
    return None


def _is_named(member: Member, by: Sequence[str]) -> bool:
    wanted = {each.casefold() for each in by or ("admin",)}
    if member.user.casefold() in wanted:
        return True
    roles = [_RANK.index(each) for each in wanted if each in _RANK]
    return bool(roles) and _RANK.index(member.role) >= min(roles)


def _is_own(
    person: Person, mine: Sequence[Member], team: Collection[Member], requested_by: str | None
) -> bool:
    asker = person_of(requested_by)
    if asker.names & person.names:
        return True
    askers = {each.user.casefold() for each in team if each.user.casefold() in asker.names}
    return bool(askers & {each.user.casefold() for each in mine})


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
