"""Learnings: what runs taught, reviewed by people, told to later runs."""

from typing import Annotated, Literal

from courier.resources.envelope import Resource, Spec
from courier.resources.values import Day, Glob, Items, StepType, Text, matching


class Evidence(Spec):
    """Where a learning comes from."""

    run: Annotated[
        str,
        matching(
            r"^[a-z0-9]([-a-z0-9.]{0,125}[a-z0-9])?$",
            expects="the name of a run: lower-case letters, digits, dashes and dots",
        ),
    ]
    """The run that showed it."""
    commit: (
        Annotated[str, matching(r"^[0-9a-f]{7,64}$", expects="a commit's id in hexadecimal")] | None
    ) = None
    """The commit that shows it."""


class LearningSpec(Spec):
    """What was learnt, for whom, and why it is believed."""

    description: Text
    """What was learnt."""
    trigger: Text
    """When it applies."""
    correct_behavior: Text
    """What to do then."""
    severity: Literal["critical", "important", "minor"]
    """How much harm ignoring it does."""
    category: Literal["preference", "pattern", "gotcha", "tool", "architecture"]
    """What sort of thing it is."""
    roles: Items[StepType] = ()
    """The step types that are told; without it, all."""
    scope: Items[Glob] = ()
    """The paths it is about; without it, all."""
    evidence: Items[Evidence] = ()
    """Where it comes from."""
    status: Literal["proposed", "approved", "rejected"] = "approved"
    """Only approved ones are told to agents; a merged proposal is approved unless it says
    otherwise, and a rejected one is not proposed again."""
    expires: Day | None = None
    """The last day it holds."""


class Learning(Resource):
    """What runs taught, told to later runs."""

    kind: Literal["Learning"]
    """Always `Learning`."""
    spec: LearningSpec
    """What was learnt."""
