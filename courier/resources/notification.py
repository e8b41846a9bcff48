"""Notifications: who is told what, and by which way."""

from typing import Literal

from courier.resources.envelope import Spec
from courier.resources.rules import When
from courier.resources.values import Items, Line, Name, SecretName

Event = Literal[
    "runCompleted",
    "runFailed",
    "runParked",
    "pullRequestCreated",
    "pullRequestMerged",
    "pullRequestFailed",
    "sprintCompleted",
    "sprintFailed",
    "budgetReached",
]


class Notification(Spec):
    """One way to tell somebody what happened."""

    RULES = (
        When(
            "type",
            values=("slack", "discord", "webhook"),
            requires=("secretRef",),
            because="Its address is a secret: write its name as secretRef.",
        ),
        When("type", values=("email",), requires=("to",), because="Say to whom in `to`."),
    )

    name: Name
    """Its name, unique in the project."""
    type: Literal["slack", "discord", "webhook", "email", "pullRequest"]
    """The way: a chat's webhook, a signed webhook of yours, e-mail, or a pull request's comment."""
    events: Items[Event] = ()
    """What to tell; without it, everything."""
    secret_ref: SecretName | None = None
    """The name of the secret that holds the webhook's address."""
    signing_secret_ref: SecretName | None = None
    """The name of the secret that signs what is sent, so that the receiver can check it."""
    to: Items[Line] | None = None
    """E-mail addresses."""
