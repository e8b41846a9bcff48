"""Who may approve: roles, names, and nobody their own run as a mere member."""

import pytest

from courier.planning.catalog.permission import Member, Person, objection, person_of, team_of
from tests.unit.planning.world import catalog, document, project

TEAM = (
    Member("olga", "owner"),
    Member("ada@example.com", "admin"),
    Member("Max", "member"),
    Member("mia", "member"),
)
OLGA = Person("O.", "o@example.com", "olga")
ADA = person_of("Ada Adams <ADA@example.com>")
MAX = person_of("max <m@example.com>")
MIA = Person("M.", "mia2@example.com", "mia")
EVE = person_of("Eve <eve@example.com>")


@pytest.mark.parametrize(
    ("person", "by", "allowed"),
    [
        (OLGA, (), True),
        (ADA, (), True),
        (MAX, (), False),
        (EVE, (), False),
        (OLGA, ("owner",), True),
        (ADA, ("owner",), False),
        (OLGA, ("admin",), True),
        (MAX, ("member",), True),
        (ADA, ("member",), True),
        (MAX, ("max",), True),
        (ADA, ("max",), False),
        (EVE, ("eve@example.com",), False),
    ],
)
def test_a_team_says_who_may(person: Person, by: tuple[str, ...], *, allowed: bool) -> None:
    assert (objection(person, by=by, team=TEAM) is None) == allowed


@pytest.mark.parametrize(
    ("person", "asker", "allowed"),
    [
        (MAX, "max <m@example.com>", False),
        (MAX, "Maximilian <m@example.com>", False),
        (MIA, "mia <another@example.com>", False),
        (MIA, "max <m@example.com>", True),
        (ADA, "Ada Adams <ada@example.com>", True),
        (MAX, None, True),
    ],
)
def test_a_member_does_not_approve_what_they_asked_for(
    person: Person, asker: str | None, *, allowed: bool
) -> None:
    found = objection(person, by=("member",), team=TEAM, requested_by=asker)
    assert (found is None) == allowed
    assert allowed or "they asked for" in str(found)


@pytest.mark.parametrize(
    ("by", "allowed"),
    [((), True), (("admin",), True), (("eve@example.com",), True), (("ada@example.com",), False)],
)
def test_without_a_team_everyone_may_or_those_named(by: tuple[str, ...], *, allowed: bool) -> None:
    assert (objection(EVE, by=by, team=(), requested_by="Eve <eve@example.com>") is None) == allowed


def test_teams_are_those_of_the_project() -> None:
    def team(name: str, user: str, of: str) -> dict[str, object]:
        made = document("Team", name, {"members": [{"user": user, "role": "owner"}]})
        made["metadata"] = {"name": name, "project": of}
        return made

    other = document("Project", "other", {})
    found = catalog(project(), other, team("a", "ann", "demo"), team("b", "bob", "other"))
    assert team_of(found, "demo") == (Member("ann", "owner"),)
    assert team_of(found, "nowhere") == ()


@pytest.mark.parametrize("written", [None, "", "   ", "bob", "<x@example.com>", "A <b> <c>"])
def test_whatever_stands_for_a_person_is_read(written: str | None) -> None:
    found = person_of(written, "bob")
    assert found.user == "bob"
