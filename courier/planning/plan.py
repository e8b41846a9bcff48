"""The plan as data: what would be done and why, and what would not and why."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from courier.planning.observed.course import PlannedCourse
from courier.planning.observed.diary import Diary, Rest
from courier.resources.model import Model
from courier.runs.interactive.frozen import SandboxPlan, Word
from courier.runs.learnings.version import LearningVersion
from courier.runs.run.frozen import FrozenPlan
from courier.runs.usage.budget import Grant


class PromptPart(Model):
    """One named part of a step's prompt."""

    name: str
    text: str


class PlannedPrompt(Model):
    """The prompt a step would get in its first iteration, as far as it is known now."""

    step: str
    text: str
    digest: str


class Estimate(Model):
    """The band a run will likely stay in, from completed runs of the same workflow."""

    runs: int
    """How many runs on record it was made from."""
    seconds_low: float
    seconds_high: float
    tokens_low: int
    tokens_high: int
    usd_low: Decimal | None = None
    """US dollars; null where no run reported a cost, which is not zero."""
    usd_high: Decimal | None = None


class StartRun(Model):
    """A run that was asked for and has not been done."""

    action: Literal["startRun"] = "startRun"
    run: str
    reason: str
    frozen: FrozenPlan
    prompts: tuple[PlannedPrompt, ...] = ()
    warnings: tuple[str, ...] = ()
    """What may go wrong with it, each a sentence."""
    estimate: Estimate | None = None
    """Null where no run of the workflow is on record."""


class ResumeRun(Model):
    """A run that is under way here or was left by an interrupted process; nothing to decide."""

    action: Literal["resumeRun"] = "resumeRun"
    run: str
    reason: str


class CancelRun(Model):
    """A run in flight that nobody asks for any more."""

    action: Literal["cancelRun"] = "cancelRun"
    run: str
    reason: str


class PublishRun(Model):
    """A record that must follow the world, e.g. its pull request was merged."""

    action: Literal["publishRun"] = "publishRun"
    run: str
    reason: str
    pull_request_status: str


class GrantBudget(Model):
    """A run that waits for a budget, which has something left again."""

    action: Literal["grantBudget"] = "grantBudget"
    run: str
    reason: str
    grant: Grant


class StartSandbox(Model):
    """A sandbox for people that was asked for and is not there."""

    action: Literal["startSandbox"] = "startSandbox"
    run: str
    """``sandbox/NAME``."""
    reason: str
    sandbox: SandboxPlan


class TellSandbox(Model):
    """Something a live sandbox has not been told yet."""

    action: Literal["tellSandbox"] = "tellSandbox"
    run: str
    reason: str
    word: Word


class KillSandbox(Model):
    """A live sandbox that nobody asks for any more; its work is rescued."""

    action: Literal["killSandbox"] = "killSandbox"
    run: str
    reason: str


class KeepSandbox(Model):
    """A sandbox that is kept here; nothing to decide, save what people asked of it by command."""

    action: Literal["keepSandbox"] = "keepSandbox"
    run: str
    reason: str


SandboxAction = StartSandbox | TellSandbox | KillSandbox | KeepSandbox
"""One thing to do about a sandbox for people."""

Action = Annotated[
    StartRun | ResumeRun | CancelRun | PublishRun | GrantBudget | SandboxAction,
    Field(discriminator="action"),
]
"""One thing to do."""


class Held(Model):
    """A resource that asks for something which will not be done now, and why."""

    kind: str
    name: str
    reason: str
    """A stable PascalCase word: NotExecutedYet, Suspended, Blocked, SpecChanged, Limit,
    AwaitingApproval, DependencyNotReady, DependencyFailed, TooManyFailures, ProjectSuspended,
    DayBudgetExceeded, MonthBudgetExceeded."""
    message: str
    position: str | None = None
    """``file:line:column`` of the document, when it is known."""


class PlannedTask(Model):
    """A recurring task: what it comes to now, and when it is due next."""

    task: str
    project: str = ""
    timezone: str = "UTC"
    next_at: datetime | None = None
    """Its next occurrence, in UTC; null while it rests or where there is none."""
    jitter_seconds: int = 0
    """How much later than that its run starts."""
    rest: Rest | None = None
    """Why it rests; null while it does not."""
    starts: tuple[str, ...] = ()
    """Its runs that start now."""
    diary: Diary | None = None
    """What is to be remembered of it; null where that is as it was."""

    @property
    def due_at(self) -> datetime | None:
        """Return when its next run starts."""
        return self.next_at and self.next_at + timedelta(seconds=self.jitter_seconds)


class Limit(Model):
    """How much of a project may be under way at once; the dispatcher keeps to it."""

    project: str
    runs: int | None = None
    """Null where the project sets no limit."""
    sandboxes: int | None = None
    proposals: int | None = None
    """How many pull requests may be opened now of runs that ended, and whose forge refused them."""


class Headroom(Model):
    """What a project may spend and has spent, in US dollars and UTC."""

    project: str
    per_day: Decimal | None = None
    """Null for no limit."""
    spent_today: Decimal = Decimal(0)
    per_month: Decimal | None = None
    spent_this_month: Decimal = Decimal(0)
    aside: Decimal = Decimal(0)
    """What runs under way and about to start may still cost."""


class Raise(Model):
    """One number in one line of a document that would let go on what lacks money."""

    project: str
    forge: Literal["github", "local"] = "local"
    """Where it is proposed."""
    field: str
    """What is raised, e.g. ``budgets.perDay``."""
    period: str
    """What it was used up in: a day, a month, or a run; with the field it makes it unique."""
    path: str
    line: int
    column: int
    was: Decimal
    to: Decimal
    message: str
    """What is used up, with the numbers."""
    signing_key: str | None = None
    """The secret its commit is signed with; null for no signature."""


class Plan(Model):
    """What would be done, decided from one catalog, what was observed, and the time."""

    format_version: Literal[1] = 1
    project: str
    repository: str
    branch: str = ""
    """The tracked branch; empty where there is none."""
    commit: str
    """The commit the catalog was read at; ``dirty`` plans name the commit they differ from."""
    dirty: bool = False
    catalog_digest: str
    observed_digest: str
    """Digest of what was observed; a saved plan is stale when it moved."""
    actions: tuple[Action, ...] = ()
    held: tuple[Held, ...] = ()
    settled: int = 0
    """Runs asked for and already done."""
    limits: tuple[Limit, ...] = ()
    tasks: tuple[PlannedTask, ...] = ()
    """Every recurring task."""
    courses: tuple[PlannedCourse, ...] = ()
    """What is to be written down of documents that ask for runs, where it changed."""
    budgets: tuple[Headroom, ...] = ()
    """Of projects with a budget of the day or the month."""
    raises: tuple[Raise, ...] = ()
    """Budgets that are used up and whose project asks to propose more."""
    learnings: LearningVersion | None = None
    """The version of the learnings to be kept first; null where the newest says what holds."""
    wake_at: datetime | None = None
    """When something is due by itself: the next task, or a budget that begins anew."""
    decided_at: datetime | None = None
    """When it was decided; has no part in whether it is stale."""

    @property
    def changes(self) -> tuple[Action, ...]:
        """Return the actions that would change anything; resuming goes on by itself."""
        return tuple(
            action for action in self.actions if not isinstance(action, ResumeRun | KeepSandbox)
        )
