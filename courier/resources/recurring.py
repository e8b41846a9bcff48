"""Recurring tasks: runs that are asked for by the calendar."""

from typing import Annotated, Literal

from pydantic import Field

from courier.resources.envelope import Resource, Spec
from courier.resources.schedule import Schedule
from courier.resources.values import WHOLE, Branch, Text, ref


class RecurringTaskSpec(Spec):
    """What is asked for, and when."""

    workflow: Annotated[str, ref("Workflow")]
    """The workflow to follow."""
    prompt: Text
    """The task."""
    base: Branch | None = None
    """The branch to start from; without it, the project's default branch."""
    schedule: Schedule
    """When."""
    catch_up: Literal["none", "latest", "all"] = "latest"
    """Which of the times missed while nothing was running are made up for."""
    overlap: Literal["skip", "queue", "replace"] = "skip"
    """What to do when the run before is still under way: leave this one out, let it wait, or cancel
    the other."""
    pause_after_failures: Annotated[int, Field(ge=1, le=100), WHOLE] | None = None
    """After how many failures in a row it suspends itself; without it, never."""
    suspend: bool = False
    """Whether it rests."""


class RecurringTask(Resource):
    """Runs that are asked for by the calendar."""

    kind: Literal["RecurringTask"]
    """Always `RecurringTask`."""
    spec: RecurringTaskSpec
    """What is asked for, and when."""
