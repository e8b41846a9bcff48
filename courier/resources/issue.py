"""Issues: found by scans, cleared up by answers, worked off singly or in chains."""

from typing import Annotated, Literal

from pydantic import Field

from courier.resources.envelope import Resource, Spec
from courier.resources.schedule import Schedule
from courier.resources.values import (
    WHOLE,
    Branch,
    Glob,
    Items,
    Line,
    Name,
    SomeItems,
    Text,
    ref,
)


class IssueScanSpec(Spec):
    """What to look for in the repository."""

    prompt: Text
    """What to look for."""
    focus: Items[Line] = ()
    """What matters most, such as `security` or `missing tests`."""
    paths: Items[Glob] = ()
    """Where to look; without it, everywhere."""
    max_issues: Annotated[int, Field(ge=1, le=100), WHOLE] = 10
    """The most issues one scan proposes, 1 to 100."""
    schedule: Schedule | None = None
    """When to scan again; without it, once."""
    suspend: bool = False
    """Whether it rests."""


class IssueScan(Resource):
    """A look through the repository that proposes issues."""

    kind: Literal["IssueScan"]
    """Always `IssueScan`."""
    spec: IssueScanSpec
    """What to look for."""


class IssueSpec(Spec):
    """Something that should be done."""

    title: Line
    """What it is, in a line."""
    description: Text
    """What is wrong or missing, where, and how one sees it."""
    priority: Literal["low", "medium", "high", "critical"] = "medium"
    """How urgent it is."""
    suggested_prompt: Text | None = None
    """The task for an agent; without it, title and description."""
    paths: Items[Glob] | None = None
    """The files or folders it is about; its run is told the learnings that concern them."""
    assumptions: Items[Text] = ()
    """What was taken for granted when it was written."""
    scan: Annotated[str, ref("IssueScan")] | None = None
    """The scan that found it."""
    execute: Annotated[str, ref("Workflow")] | None = None
    """The workflow that does it; without it, it waits."""


class Issue(Resource):
    """Something that should be done."""

    kind: Literal["Issue"]
    """Always `Issue`."""
    spec: IssueSpec
    """What should be done."""


class WorkChainSpec(Spec):
    """Which issues are worked off, and how."""

    issues: SomeItems[Annotated[str, ref("Issue")]]
    """The issues, in order."""
    workflow: Annotated[str, ref("Workflow")]
    """The workflow to follow."""
    branch: Branch | None = None
    """The branch the work goes to; without it, the project's prefix and the chain's name."""
    pull_request: Literal["single", "perIssue"] = "single"
    """Whether all issues are proposed together or each by itself."""
    on_failure: Literal["stop", "continue"] = "stop"
    """Whether a failed issue ends the chain."""


class WorkChain(Resource):
    """Issues worked off one after the other."""

    kind: Literal["WorkChain"]
    """Always `WorkChain`."""
    spec: WorkChainSpec
    """Which issues, and how."""


class Question(Spec):
    """Something that must be known before work starts."""

    id: Name
    """Its name, unique in the session."""
    text: Text
    """The question."""


class Answer(Spec):
    """An answer to a question."""

    question: Name
    """The id of the question."""
    answer: Text
    """The answer."""
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    """How sure the one who answered is, 0 to 1."""
    approved: bool = False
    """Whether a person approved it; only then agents are told."""


class AnsweringSessionSpec(Spec):
    """Questions and what is known about them."""

    scan: Annotated[str, ref("IssueScan")] | None = None
    """The scan the questions come from."""
    questions: SomeItems[Question]
    """The questions."""
    answers: Items[Answer] = ()
    """The answers so far."""


class AnsweringSession(Resource):
    """Questions answered by an agent and approved by a person."""

    kind: Literal["AnsweringSession"]
    """Always `AnsweringSession`."""
    spec: AnsweringSessionSpec
    """The questions and answers."""
