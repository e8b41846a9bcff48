"""What daemons tell about themselves, in files that outlive them."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import ValidationError

from courier.diagnostics import Diagnostic
from courier.engine.passes.reconciler import Result
from courier.planning.conditions import Condition, Look, conditions
from courier.planning.standing import standings
from courier.resources.model import Model

T = TypeVar("T", bound=Model)
SHOWN = 20
"""Most problems that are told one by one."""


class ProjectStatus(Model):
    """One project as the last pass left it."""

    project: str
    suspended: bool = False
    under_way: tuple[str, ...] = ()
    """Runs and sandboxes that start or are in flight."""
    held: int = 0
    settled: int = 0
    conditions: tuple[Condition, ...] = ()


class Status(Model):
    """One repository as its daemon last told it."""

    format_version: Literal[1] = 1
    repository: str = ""
    """Where it is, for git."""
    branch: str = ""
    """The tracked branch."""
    pid: int
    started_at: datetime
    stopped_at: datetime | None = None
    """When its daemon stopped; null while it runs, or if it was killed."""
    last_pass_at: datetime | None = None
    passes: int = 0
    """How many passes there were since the start."""
    idle_passes: int = 0
    """How many of them found that nothing had moved."""
    attempted_commit: str = ""
    """The newest commit that was looked at."""
    applied_commit: str = ""
    """The commit whose documents are in force."""
    queued: int = 0
    """Runs that wait for a place."""
    in_flight: int = 0
    """Runs that have not ended, those that wait included."""
    problems: tuple[str, ...] = ()
    """What is wrong with the newest documents, the first of it."""
    conditions: tuple[Condition, ...] = ()
    projects: tuple[ProjectStatus, ...] = ()

    def after(self, result: Result, *, now: datetime, fault: str = "") -> "Status":
        """Return the status after one more pass.

        Args:
            result: What the pass did; a pass that failed did nothing.
            now: When it ended.
            fault: Why it failed.
        """
        plan = result.plan
        passed: dict[str, object] = {
            "last_pass_at": now,
            "passes": self.passes + 1,
            "idle_passes": self.idle_passes + result.was_idle,
        }
        if result.was_idle and not fault and not self._was_faulty:
            return self.model_copy(update=passed)
        look = Look(now, result.head or self.attempted_commit, plan, result.diagnostics, fault)
        told: dict[str, object] = {
            "conditions": conditions(look, earlier=self.conditions),
            "projects": self._projects(result, look),
        }
        if not fault:
            told |= {
                "branch": plan.branch if plan else self.branch,
                "attempted_commit": result.head,
                "applied_commit": result.applied or self.applied_commit,
                "problems": tuple(_told(result.diagnostics)),
            }
        return self.model_copy(update={**passed, **told})

    @property
    def _was_faulty(self) -> bool:
        return any(one.reason == "PassFailed" for one in self.conditions)

    def _projects(self, result: Result, look: Look) -> tuple[ProjectStatus, ...]:
        before = {one.project: one.conditions for one in self.projects}
        if result.plan is None or result.catalog is None:
            return tuple(
                one.model_copy(update={"conditions": conditions(look, earlier=one.conditions)})
                for one in self.projects
            )
        found = []
        for each in standings(result.catalog, result.plan):
            own = Look(look.now, look.commit, each.plan, look.problems, look.fault, each.suspended)
            found.append(
                ProjectStatus(
                    project=each.project,
                    suspended=each.suspended,
                    under_way=tuple(action.run for action in each.plan.actions),
                    held=len(each.plan.held),
                    settled=each.plan.settled,
                    conditions=conditions(own, earlier=before.get(each.project, ())),
                )
            )
        return tuple(found)


class Household(Model):
    """One daemon with all of its repositories."""

    format_version: Literal[1] = 1
    pid: int
    version: str
    started_at: datetime
    stopped_at: datetime | None = None
    listen: str = ""
    """Where it listens for webhooks; empty if it does not."""
    config: str = ""
    """The file its repositories are listed in; empty if they were named."""
    problems: tuple[str, ...] = ()
    """What is wrong with that file since it was read well last."""
    repositories: tuple[str, ...] = ()
    """Where each is, for git."""


def write_status(path: Path, status: Model) -> None:
    """Write a status where others read it, at no moment half of it."""
    fresh = path.with_suffix(".new")
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_text(json.dumps(status.model_dump(mode="json", by_alias=True), indent=2) + "\n")
    fresh.replace(path)


def read_status(path: Path, model: type[T]) -> T | None:
    """Return what a file tells; None where there is none, or one of another version."""
    try:
        return model.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _told(found: Iterable[Diagnostic]) -> list[str]:
    lines = []
    for each in found:
        place = f"{each.position}: " if each.position else ""
        lines.append(f"{place}{each.summary}. {each.detail}".strip())
    return lines[:SHOWN]
