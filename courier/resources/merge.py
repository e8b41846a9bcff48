"""Merges: branches brought together, conflicts resolved by an agent."""

from typing import Literal

from courier.resources.envelope import Resource, Spec
from courier.resources.values import Branch, SomeItems, Text


class MergeSpec(Spec):
    """Which branches go where."""

    branches: SomeItems[Branch]
    """The branches to bring in, in order."""
    target: Branch | None = None
    """The branch they go into; without it, the project's default branch."""
    strategy: Literal["merge", "squash", "rebase"] = "merge"
    """Whether history is joined, squashed to one commit per branch, or rewritten on the target."""
    instructions: Text | None = None
    """What the agent should know to resolve conflicts."""
    check: Text | None = None
    """Shell commands that must pass once all branches are in; the agent repairs what fails."""


class Merge(Resource):
    """Branches brought together, conflicts resolved by an agent."""

    kind: Literal["Merge"]
    """Always `Merge`."""
    spec: MergeSpec
    """Which branches go where."""
