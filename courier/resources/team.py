"""Teams: who may do what."""

from typing import Annotated, Literal

from courier.resources.envelope import Resource, Spec
from courier.resources.rules import SomeItem
from courier.resources.values import Items, matching
from courier.resources.variables import SecretVariable

User = Annotated[
    str,
    matching(r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$", expects="a user's name on the forge"),
]


class Member(Spec):
    """One person of the team."""

    user: User
    """The person's name on the forge, or the e-mail git knows them by."""
    role: Literal["owner", "admin", "member"]
    """owner: everything; admin: approvals and budgets; member: asks for work."""
    credentials: Items[SecretVariable] = ()
    """Secrets used instead of the project's in runs this person asked for."""


class TeamSpec(Spec):
    """Who belongs to the team."""

    RULES = (
        SomeItem(
            "members",
            "role",
            "owner",
            others=("admin", "member"),
            because="A team has at least one owner.",
        ),
    )

    members: Items[Member]
    """The people; at least one of them is an owner."""


class Team(Resource):
    """Who may do what."""

    kind: Literal["Team"]
    """Always `Team`."""
    spec: TeamSpec
    """Who belongs to it."""
