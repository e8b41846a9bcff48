"""Projects: a repository and everything its runs have in common."""

from typing import Annotated, Literal

from pydantic import Field

from courier.resources.delivery import Delivery
from courier.resources.envelope import Resource, Spec
from courier.resources.notification import Notification
from courier.resources.persona import Equipment
from courier.resources.rules import When
from courier.resources.sandbox import SandboxDefaults
from courier.resources.values import (
    WHOLE,
    Branch,
    BranchPrefix,
    Effort,
    Glob,
    Items,
    Line,
    ModelName,
    Money,
    ProviderModel,
    RepositoryUrl,
    SecretName,
    Text,
    lasting,
    matching,
    ref,
)
from courier.resources.variables import Variable

Limit = Annotated[int, Field(ge=1, le=10_000), WHOLE]
Weight = Annotated[float, Field(ge=0, le=100)]
Keep = Annotated[str, lasting("1d", "3650d", example="90d")]


class Repository(Spec):
    """The repository a project works on."""

    url: RepositoryUrl | None = None
    """Where it is, for git; without it, the repository these documents are in."""
    default_branch: Branch | None = None
    """The branch to start from and propose to; without it, what the repository says."""
    forge: Literal["github", "local"] = "local"
    """Where pull requests live: on GitHub, or as proposals in the repository itself."""


class Signing(Spec):
    """How commits are signed that leave courier."""

    format: Literal["ssh"] = "ssh"
    """What signs: an SSH key."""
    key_ref: SecretName
    """The name of a secret that holds the private key, without a passphrase. Nothing in a sandbox
    ever sees it."""


class GitIdentity(Spec):
    """How commits and branches made by courier are signed and named."""

    name: Line | None = None
    """The author's name."""
    email: (
        Annotated[str, matching(r"^[^@\s]+@[^@\s]+$", expects="an e-mail address", most=320)] | None
    ) = None
    """The author's e-mail address."""
    branch_prefix: BranchPrefix | None = None
    """What the names of branches start with."""
    signing: Signing | None = None
    """How commits are signed; without it, they are not."""


class SessionSettings(Equipment):
    """How one kind of session that courier starts by itself is run."""

    agent: Annotated[str, ref("Agent")] | None = None
    """The agent."""
    model: ModelName | None = None
    """The model, by the agent's own name for it."""
    effort: Effort | None = None
    """How hard the model should think."""
    template: Annotated[str, ref("Template")] | None = None
    """The Template of its sandbox."""
    prompt: Text | None = None
    """What it is told besides its own instructions."""


class Sessions(Spec):
    """Settings per kind of session."""

    issue: SessionSettings | None = None
    """Sessions that scan the repository and propose issues."""
    answering: SessionSettings | None = None
    """Sessions that answer open questions."""
    learning: SessionSettings | None = None
    """Sessions that extract learnings from a finished run."""
    merging: SessionSettings | None = None
    """Sessions that merge branches."""
    evaluator: SessionSettings | None = None
    """Sessions that score work."""
    judge: SessionSettings | None = None
    """Sessions that choose between candidates."""


class QualityWeights(Spec):
    """How much each part counts in the composite score."""

    correctness: Weight = 4
    """Whether it does what was asked."""
    type_safety: Weight = 1
    """Whether types are sound."""
    code_style: Weight = 1
    """Whether it reads like the code around it."""
    test_coverage: Weight = 2
    """Whether tests would notice if it broke."""
    completeness: Weight = 2
    """Whether nothing that was asked is missing."""


class Quality(Spec):
    """How work is scored."""

    RULES = (
        When(
            "score",
            "To score every step, write the `model` that does it, e.g. anthropic/claude-haiku-4-5.",
            values=("everyStep",),
            requires=("model",),
        ),
    )

    score: Literal["everyStep", "evaluator", "off"] = "off"
    """What is scored: the change of every step, by a model; what evaluator steps say; nothing."""
    model: ProviderModel | None = None
    """Who scores every step: `anthropic/`, `openai/` or `openrouter/`, then the model's name."""
    weights: QualityWeights = Field(default_factory=QualityWeights)
    """How much each part counts."""
    threshold: Annotated[float, Field(ge=0, le=100)] | None = None
    """The composite score below which work counts as failed."""


class LearningSettings(Spec):
    """When learnings are extracted, and which are used."""

    extract: Literal["always", "onSuccess", "never"] = "never"
    """After which runs learnings are extracted."""
    pin: (
        Annotated[
            str,
            matching(r"^[1-9][0-9]{0,8}$", expects='the number of a version in quotes, like "3"'),
        ]
        | None
    ) = None
    """The number of the version of compiled learnings to use; without it, the newest."""


class Budgets(Spec):
    """The most US dollars that may be spent; without a value there is no limit."""

    per_run: Money | None = None
    """By one run."""
    per_day: Money | None = None
    """In one day, in UTC."""
    per_month: Money | None = None
    """In one calendar month, in UTC."""
    on_exceed: Literal["park", "fail"] = "park"
    """Whether a run that would go over waits for more or fails."""
    propose_raise: bool = False
    """Whether a budget that is used up is proposed to be doubled, as a pull request of one line
    with what spent it; at most one for each budget and day, month or run."""


class Concurrency(Spec):
    """How much may be under way at once."""

    runs: Limit = 4
    """Runs."""
    sandboxes: Limit = 8
    """Sandboxes."""
    open_pull_requests: Limit = 20
    """Open pull requests made by courier; no run starts while there are that many."""


class Ci(Spec):
    """How checks on pull requests are followed."""

    wait: bool = False
    """Whether a run is complete only when the checks are green."""
    required: Items[Line] = ()
    """The checks that matter; without it, all of them."""
    fix_attempts: Annotated[int, Field(ge=0, le=10), WHOLE] = 0
    """How often an agent may try to repair red checks, 0 to 10."""
    timeout: Annotated[str, lasting("1m", "24h", example="1h")] = "1h"
    """How long to wait for checks, 1m to 24h."""


class Retention(Spec):
    """How long things are kept, 1d to 3650d; records of runs are kept for ever."""

    transcripts: Keep = "90d"
    """Full transcripts."""
    checkpoints: Keep = "14d"
    """Work saved out of sandboxes on hidden refs."""
    branches: Keep = "30d"
    """Branches of failed and cancelled runs."""


class ProjectSpec(Spec):
    """What the runs of a project have in common."""

    title: Line | None = None
    """Its name for people."""
    repository: Repository = Field(default_factory=Repository)
    """The repository it works on."""
    agent: Annotated[str, ref("Agent")] | None = None
    """The agent of steps that name none."""
    model: ModelName | None = None
    """The model of steps that name none; without it, the agent's own choice."""
    effort: Effort | None = None
    """The effort of steps that name none; without it, the agent's own choice."""
    sandbox: SandboxDefaults | None = None
    """How sandboxes are made."""
    git: GitIdentity | None = None
    """How commits and branches are signed and named."""
    instructions: Text | None = None
    """What every agent in this project is told."""
    guide: Text | None = None
    """A guide to the repository, given to agents as their CLAUDE.md or AGENTS.md."""
    env: Items[Variable] = ()
    """Environment variables of every process in a sandbox."""
    sessions: Sessions = Field(default_factory=Sessions)
    """Settings per kind of session that courier starts by itself."""
    quality: Quality = Field(default_factory=Quality)
    """How work is scored."""
    paths: Items[Glob] | None = None
    """What its work is about where it is not the whole repository, for choosing learnings with a
    `scope`; a Workflow, Run or Issue may say it better."""
    learnings: LearningSettings = Field(default_factory=LearningSettings)
    """When learnings are extracted, and which are used."""
    budgets: Budgets = Field(default_factory=Budgets)
    """The most that may be spent."""
    concurrency: Concurrency = Field(default_factory=Concurrency)
    """How much may be under way at once."""
    delivery: Delivery | None = None
    """How work is proposed, and what the gate lets through."""
    ci: Ci = Field(default_factory=Ci)
    """How checks on pull requests are followed."""
    notifications: Items[Notification] = ()
    """Who is told what."""
    retention: Retention = Field(default_factory=Retention)
    """How long things are kept."""

    @property
    def signing_key(self) -> str | None:
        """Return the name of the secret it signs its commits with; None where it does not."""
        signing = self.git.signing if self.git is not None else None
        return signing.key_ref if signing is not None else None

    suspend: bool = False
    """Whether nothing new is started in this project."""


class Project(Resource):
    """A repository and everything its runs have in common."""

    kind: Literal["Project"]
    """Always `Project`."""
    spec: ProjectSpec
    """What its runs have in common."""
