"""How a kind makes runs: what it is told, what it answers, and how a run of it is started."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from courier.planning.asked.effective import SHELL
from courier.planning.asked.given import Missing
from courier.planning.asked.sessions import session_settings
from courier.planning.budgets.capacity import Capacity
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import held, spec_digest
from courier.planning.observed.course import PlannedCourse
from courier.planning.observed.observed import Observed
from courier.planning.plan import CancelRun, Held, PlannedTask, StartRun
from courier.planning.starting import prompts_of
from courier.resources.values import SessionType
from courier.runs.run.frozen import FrozenInput, FrozenPlan, Source

_TITLE: Final = 100

Start = Callable[[Catalog, Ref], StartRun | Held]
"""Decides whether a Run of a catalog may start, and freezes it."""

Suit = Callable[[FrozenPlan], FrozenPlan]
"""Changes what freezing a Run document cannot say, e.g. the commit to go on from."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a kind decides by.

    Attributes:
        now: The time, in UTC.
        room: What each project has left for further runs, by its name.
        start: Starts runs; whoever starts first has the room.
    """

    catalog: Catalog
    observed: Observed
    now: datetime
    room: Mapping[str, Capacity]
    start: Start

    def is_suspended(self, project: str) -> bool:
        """Return whether a project rests."""
        space = self.room.get(project)
        return space is not None and space.suspended


@dataclass(slots=True)
class Found:
    """What was decided about one kind, or several.

    Attributes:
        tasks: What is to be remembered of recurring tasks.
        courses: What is to be written down, each only if it changed.
        owned: Names of runs that documents of the kind stand for: none of them is cancelled for
            want of a document.
        wake_at: When something falls due by itself; None if nothing does.
    """

    actions: list[StartRun | CancelRun] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    tasks: list[PlannedTask] = field(default_factory=list)
    courses: list[PlannedCourse] = field(default_factory=list)
    owned: set[str] = field(default_factory=set)
    wake_at: datetime | None = None

    def add(self, other: "Found") -> None:
        """Take in what was decided about another kind."""
        self.actions += other.actions
        self.held += other.held
        self.tasks += other.tasks
        self.courses += other.courses
        self.owned |= other.owned
        self.wake(other.wake_at)

    def take(self, decided: Iterable[StartRun | Held]) -> None:
        """Note what becomes of runs that were to start."""
        for each in decided:
            if isinstance(each, Held):
                self.held.append(each)
            else:
                self.actions.append(each)

    def wake(self, at: datetime | None) -> None:
        """Note that something falls due."""
        if at is not None:
            self.wake_at = min(at, self.wake_at or at)


Maker = Callable[[Sight], Found]
"""Decides about every document of one kind."""


@dataclass(frozen=True, slots=True)
class Made:
    """A run that a document of another kind asks for.

    Attributes:
        run: Its name, which the same cause always has.
        cause: The document.
        source: What a record says it comes of.
        spec: The spec of the Run it comes to.
        task: What it is to do, word for word; None for the prompt of its spec, which has inputs.
        title: What that is in a line; None for the task's first.
        session: The kind of session it is, which only an agent can hold; None for none.
        reason: Why it starts, for people.
        suit: What freezing cannot say.
        stands_on: Documents nobody wrote that it needs to be frozen.
        others: Further documents that shaped it.
        shares: The number of an open pull request it goes on with; None for one of its own.
    """

    run: str
    cause: Document
    source: Source
    spec: Mapping[str, Any]
    reason: str
    suit: Suit = lambda frozen: frozen
    stands_on: tuple[Document, ...] = ()
    others: tuple[Document, ...] = ()
    shares: int | None = None
    task: str | None = None
    title: str | None = None
    session: SessionType | None = None

    @property
    def spec_digest(self) -> str:
        """Return the digest of what it asks for."""
        told = self.spec if self.task is None else {**self.spec, "prompt": self.task}
        return spec_digest(told)

    @property
    def ref(self) -> Ref:
        """Return the Run."""
        return Ref("Run", self.run)

    @property
    def document(self) -> Document:
        """Return the Run it comes to; its places are those in the cause's document."""
        told = self.cause.value
        # A name with a dot is none that a document may have.
        label = self.run.partition(".")[0]
        metadata = {**told["metadata"], "name": label}
        # Words of others may hold what looks like an input and is none.
        spec = self.spec if self.task is None else {**self.spec, "prompt": label}
        value = {**told, "kind": "Run", "metadata": metadata, "spec": dict(spec)}
        return Document(self.ref, value, self.cause.draft)


def start_made(sight: Sight, wanted: Iterable[Made]) -> Mapping[str, StartRun | Held]:
    """Return what becomes of runs that are to start, by name, in their order.

    One that a document of its own asks for is left out: that document decides about it.
    """
    mine = [made for made in wanted if made.ref not in sight.catalog.documents]
    catalog = sight.catalog.with_documents(
        document for made in mine for document in (made.document, *made.stands_on)
    )
    for made in mine:
        project = catalog.project_of(made.ref)
        if made.shares is not None and project is not None and project.name in sight.room:
            sight.room[project.name].shared[made.run] = f"#{made.shares}"
    return {made.run: _unheld(catalog, made) or _start(sight, catalog, made) for made in mine}


def _start(sight: Sight, catalog: Catalog, made: Made) -> StartRun | Held:
    return _started(made, sight.start(catalog, made.ref))


def _unheld(catalog: Catalog, made: Made) -> Held | None:
    """Return that nobody can hold a session, if its agent is one that only runs commands."""
    project = catalog.project_of(made.ref)
    if made.session is None or project is None:
        return None
    try:
        agent = session_settings(catalog, project, made.session).values.text("agent")
    except Missing:
        return None
    if agent != SHELL:
        return None
    told = (
        f"Its agent is the shell, which only runs commands: write `sessions.{made.session}.agent` "
        f"in {project}."
    )
    return held(catalog, made.cause.ref, "NoAgent", told)


def starts_of(decided: Iterable[StartRun | Held]) -> Sequence[StartRun]:
    """Return those that start."""
    return [each for each in decided if isinstance(each, StartRun)]


def bounded(title: str) -> str:
    """Return a title in one line of at most 100 characters."""
    first = next((line for line in map(_flat, title.splitlines()) if line), "Untitled")
    return first if len(first) <= _TITLE else first[: _TITLE - 1].rstrip() + "…"


def _flat(line: str) -> str:
    return " ".join(line.lstrip("# ").split())


def dressed(made: Made, frozen: FrozenPlan) -> FrozenPlan:
    """Return what a frozen Run is as the run it was made for: of its cause, with its task."""
    told = (
        FrozenInput(kind=each.ref.kind, name=each.ref.name, digest=each.digest)
        for each in (made.cause, *made.others)
    )
    inputs = (*(each for each in frozen.inputs if each.kind != "Run"), *told)
    update: dict[str, object] = {"source": made.source, "inputs": inputs}
    if made.task is not None:
        update |= {"task": made.task, "title": bounded(made.title or made.task)}
        update["spec_digest"] = made.spec_digest
    return made.suit(frozen.model_copy(update=update))


def _started(made: Made, decided: StartRun | Held) -> StartRun | Held:
    cause = made.cause.ref
    if isinstance(decided, Held):
        return decided.model_copy(update={"kind": cause.kind, "name": cause.name})
    frozen = dressed(made, decided.frozen)
    reason = f"{cause}: {made.reason}"
    update = {"frozen": frozen, "prompts": prompts_of(frozen), "reason": reason}
    return decided.model_copy(update=update)
