"""The frozen plan: everything one run will do, stored with the run and never looked up again.

A run interprets its frozen plan; changing `.courier/` or upgrading courier changes only runs that
have not started.
"""

from decimal import Decimal
from typing import Literal

from courier.resources.model import Model
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.replies.answers import FrozenAnswer
from courier.runs.replies.score import FrozenQuality
from courier.runs.run.events import RunEvent
from courier.runs.run.following import FrozenCi
from courier.runs.run.frozenstep import (
    FrozenContext,
    FrozenSandbox,
    FrozenStep,
    FrozenStepLoop,
    FrozenTemplate,
)
from courier.runs.run.merging import FrozenMerge
from courier.runs.usage.budget import Caps
from courier.runs.usage.pricing import FrozenRates

__all__ = [
    "FrozenApproval",
    "FrozenCandidate",
    "FrozenChain",
    "FrozenContext",
    "FrozenDelivery",
    "FrozenGit",
    "FrozenImage",
    "FrozenInput",
    "FrozenLink",
    "FrozenLoop",
    "FrozenPlan",
    "FrozenRetry",
    "FrozenSandbox",
    "FrozenStep",
    "FrozenStepLoop",
    "FrozenTemplate",
    "FrozenValue",
    "ImageType",
    "Source",
]


class FrozenValue(Model):
    """An effective value and where it was written, e.g. ``("opus", "Workflow/fix spec.model")``."""

    value: str | None
    origin: str


class FrozenInput(Model):
    """One document or file that shaped the run, by digest, so that a record can be traced."""

    kind: str
    name: str
    digest: str
    version: str | None = None
    """The commit it was read at, where that is a pinned one."""


Source = Literal[
    "manual",
    "scheduled",
    "issue",
    "workChain",
    "sprintChain",
    "sandbox",
    "merge",
    "scan",
    "answering",
    "learning",
]
"""What a run comes of."""

ImageType = Literal["png", "jpeg", "gif", "webp"]
"""Sorts of pictures that agents can be shown."""


class FrozenImage(Model):
    """A picture of the repository that belongs to the task."""

    path: str
    """Where it is at the observed commit."""
    blob: str
    """Its content, by the id git gives it."""
    size: int
    """Bytes."""
    type: ImageType
    """What it is by its first bytes."""


class FrozenApproval(Model):
    """A place where the run waits for a person."""

    name: str
    before: str | None = None
    """The step it waits before, or `delivery`."""
    after: str | None = None
    """The step it waits after; null where ``before`` says the place."""
    by: tuple[str, ...] = ()
    """Users and roles who may approve; empty for every admin and owner."""
    reason: str = ""
    timeout_seconds: int | None = None
    """How long it waits; null for ever."""


class FrozenCandidate(Model):
    """One of several that do the first part of a workflow side by side."""

    steps: tuple[FrozenStep, ...]
    """What it does, in order: every step before the one that chooses."""


class FrozenLoop(Model):
    """What holds for verdicts whose step says nothing itself, and once any loop runs out."""

    max_iterations: int = 3
    on_exhausted: Literal["fail", "deliverDraft"] = "fail"


class FrozenGit(Model):
    """Where the work starts, goes, and who it is by."""

    base_branch: str
    base_commit: str
    branch: str
    author_name: str
    author_email: str
    signing_key: str | None = None
    """The name of the secret its commits are signed with; null where they are not signed."""
    expected: str | None = None
    """The commit ``branch`` is at, where the work goes on with one that is there."""
    aside: str | None = None
    """Where work goes that is not good enough for ``branch``, which others share; null for
    ``branch`` itself."""


class FrozenDelivery(Model):
    """How the work is proposed, and what the gate lets through."""

    forge: Literal["github", "local"] = "local"
    """Where it is proposed."""
    draft: bool = False
    auto_merge: bool = False
    """Whether it merges by itself once its checks are green."""
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    protected_paths: tuple[str, ...] = ()
    max_files: int = 500
    max_bytes: int = 10_000_000


class FrozenLink(Model):
    """One part of a chain, as it was when the run of one of them started."""

    part: str
    title: str
    run: str | None = None
    """The run that did it; null where none had begun."""
    number: int | None = None
    """Its pull request's number."""
    branch: str | None = None


class FrozenChain(Model):
    """The chain a run is a part of."""

    kind: Literal["WorkChain", "SprintChain"]
    name: str
    title: str
    """What all of it is, in a line."""
    at: int
    """Which of the links it does, from 0."""
    links: tuple[FrozenLink, ...]
    single: bool = False
    """Whether all parts go on one branch and are proposed together."""


class FrozenRetry(Model):
    """What a run goes on from that does again what another did not bring to a good end."""

    run: str
    """The other run, which has ended."""
    step: str | None = None
    """The step it begins with; null for the very start."""
    by: str
    """Who asked for it, as git writes people."""
    reason: str = ""
    facts: tuple[RunEvent, ...] = ()
    """What of the other run still counts: its attempts before that step, and people's answers."""


class FrozenPlan(Model):
    """Everything one run will do."""

    version: Literal[1] = 1
    run: str
    """The run's name: deterministic, unique per project, the claim."""
    project: str
    workflow: str
    workflow_type: Literal["single", "designerChecker", "pipeline", "personas"]
    source: Source
    spec_digest: str
    """Digest of the Run document's own spec."""
    catalog_digest: str
    observed_commit: str
    """The commit the catalog was read at."""
    title: str
    """One line for people: first line of the task, bounded."""
    task: str
    """What the run was asked to do."""
    project_instructions: str = ""
    guide: str = ""
    """What agents read as the file of instructions they look for, outside the repository."""
    checker_instructions: str = ""
    answers: tuple[FrozenAnswer, ...] = ()
    """What people approved of questions that belong to it."""
    steps: tuple[FrozenStep, ...]
    """At least one, in the order of the workflow; with candidates, from the step that chooses."""
    candidates: tuple[FrozenCandidate, ...] = ()
    """Those that do the steps before these, side by side; empty for most runs."""
    candidate: int | None = None
    """Which candidate of its run this plan is of, from 1; null for a run itself."""
    left_out: tuple[str, ...] = ()
    """A sentence for every step of the workflow that is not done, and why."""
    loop: FrozenLoop = FrozenLoop()
    images: tuple[FrozenImage, ...] = ()
    """Pictures that belong to the task."""
    approvals: tuple[FrozenApproval, ...] = ()
    """Where it waits for a person, in the order they are written."""
    document: str = ""
    """Path of the Run document in the repository; who wrote it last asked for the run."""
    asked_by: str = ""
    """Who asked for it by command, as git writes people; empty where a document asks for it."""
    sandbox: FrozenSandbox = FrozenSandbox()
    git: FrozenGit
    delivery: FrozenDelivery = FrozenDelivery()
    ci: FrozenCi = FrozenCi()
    quality: FrozenQuality = FrozenQuality()
    budget_usd: Decimal | None = None
    caps: Caps = Caps()
    """What the project may spend, and what happens to a run without a budget left."""
    rates: FrozenRates | None = None
    """What its usage is priced by; null for a plan made before there were rates."""
    attempts_per_step: int = 2
    """Tries of one step iteration when what failed may pass by itself."""
    inputs: tuple[FrozenInput, ...] = ()
    merge: FrozenMerge | None = None
    """The branches it brings together; null for a run that does something else."""
    harvest: FrozenHarvest | None = None
    """What is made of the last step's answer; null for a run whose work is its changes."""
    extract: Literal["always", "onSuccess", "never"] = "never"
    """After which end it is looked through for learnings."""
    retry: FrozenRetry | None = None
    """Null for a run that begins at its beginning."""
    chain: FrozenChain | None = None
    """Null for a run that is no part of a chain."""

    @property
    def put_aside(self) -> "FrozenPlan":
        """Return the plan for work that must not go where that of others goes."""
        if self.git.aside is None:
            return self
        own = {"branch": self.git.aside, "aside": None, "expected": None}
        return self.model_copy(update={"git": self.git.model_copy(update=own)})

    @property
    def lane(self) -> str:
        """Return what sets a candidate's attempts apart from others, e.g. ``c2/``, or nothing."""
        return f"c{self.candidate}/" if self.candidate is not None else ""

    @property
    def every_step(self) -> dict[str, FrozenStep]:
        """Return every step anybody does, candidates' first, e.g. under ``c2/design``."""
        theirs = {
            f"c{number}/{step.name}": step
            for number, candidate in enumerate(self.candidates, start=1)
            for step in candidate.steps
        }
        return theirs | {f"{self.lane}{step.name}": step for step in self.steps}

    def approval(self, name: str) -> FrozenApproval | None:
        """Return the approval of that name; None where the plan has none."""
        return next((each for each in self.approvals if each.name == name), None)

    def place(self, step: str) -> int:
        """Return where the step of that name stands among the steps, from 0."""
        return next(at for at, each in enumerate(self.steps) if each.name == step)
