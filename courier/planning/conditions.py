"""Conditions of a project: Ready, Reconciling, Stalled, and since when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from courier.diagnostics import Diagnostic, Severity
from courier.planning.plan import Plan
from courier.resources.model import Model
from courier.runs.usage.budget import REASONS

ConditionType = Literal["Ready", "Reconciling", "Stalled"]


class Condition(Model):
    """One thing that is or is not so."""

    type: ConditionType
    status: Literal["True", "False"]
    reason: str
    """A stable PascalCase word."""
    message: str = ""
    since: datetime
    """When the status last changed, not when it was last looked at."""
    observed_commit: str
    """The commit it was decided from."""

    def is_true(self, type_: ConditionType) -> bool:
        """Return whether it is of that type and so."""
        return (self.type, self.status) == (type_, "True")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the world: when, at which commit, and what was found.

    Attributes:
        now: The time of the look.
        commit: The commit the documents were read at.
        plan: What was decided; None if nothing could be.
        problems: Errors of the documents; while there are any the former catalog stays in force.
        fault: What kept the pass from its end, in plain words; empty if nothing did.
        suspended: Whether nothing new is started because the project says so.
    """

    now: datetime
    commit: str
    plan: Plan | None = None
    problems: Sequence[Diagnostic] = ()
    fault: str = ""
    suspended: bool = False


def conditions(look: Look, *, earlier: Iterable[Condition] = ()) -> tuple[Condition, ...]:
    """Return the three conditions after a look; ``since`` moves only where the status does.

    Args:
        look: What was found now.
        earlier: The conditions the former look gave.
    """
    before = {condition.type: condition for condition in earlier}
    stalled = _stalled(look)
    return (
        _condition(look, "Ready", _ready(look, stalled), before),
        _condition(look, "Reconciling", _reconciling(look), before),
        _condition(look, "Stalled", stalled, before),
    )


_Said = tuple[Literal["True", "False"], str, str]


def _stalled(look: Look) -> _Said:
    errors = [found for found in look.problems if found.severity is Severity.ERROR]
    if errors:
        place = (
            f" The first: {errors[0].position}: {errors[0].summary}" if errors[0].position else ""
        )
        return (
            "True",
            "InvalidDocuments",
            f"{len(errors)} problem(s) in .courier/; the last good documents stay in force.{place}",
        )
    if look.fault:
        return "True", "PassFailed", look.fault
    return "False", "Progressing", ""


def _reconciling(look: Look) -> _Said:
    if look.plan is not None and look.plan.actions:
        return "True", "RunsUnderWay", f"{len(look.plan.actions)} run(s) start or are in flight."
    return "False", "NothingToDo", ""


def _ready(look: Look, stalled: _Said) -> _Said:
    if stalled[0] == "True":
        return "False", stalled[1], stalled[2]
    if look.plan is None:
        return "False", "NotLookedYet", "No pass has decided anything yet."
    if look.plan.actions:
        return "False", "RunsUnderWay", ""
    if look.suspended:
        return "False", "Suspended", "Nothing new is started (`spec.suspend` of the Project)."
    lacking = [each for each in look.plan.held if each.reason in REASONS]
    if lacking:
        told = f"{len(lacking)} run(s) wait for a budget. {lacking[0].message}"
        return "False", lacking[0].reason, told
    return "True", "Settled", f"{look.plan.settled} settled, {len(look.plan.held)} held."


def _condition(
    look: Look, type_: ConditionType, said: _Said, before: dict[ConditionType, Condition]
) -> Condition:
    status, reason, message = said
    former = before.get(type_)
    since = former.since if former is not None and former.status == status else look.now
    return Condition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        since=since,
        observed_commit=look.commit,
    )
