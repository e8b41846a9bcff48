"""A chain as its documents say it: an ordered list of parts, and how one follows another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.runs.run.frozen import Source


@dataclass(frozen=True, slots=True)
class Link:
    """One part.

    Attributes:
        name: Its name, unique in the chain.
        title: What it is, in a line.
        workflow: The workflow it follows.
        prompt: The task.
        document: Where it is written, besides the chain.
        paths: What it is about, as a Run's ``paths``; None where that is not said.
    """

    name: str
    title: str
    workflow: str
    prompt: str
    document: Document
    paths: Sequence[str] | None = None

    @property
    def spec(self) -> Mapping[str, object]:
        """Return what its Run says besides branches and task."""
        paths = {} if self.paths is None else {"paths": list(self.paths)}
        return {"workflow": self.workflow, **paths}


@dataclass(frozen=True, slots=True)
class Chain:
    """A WorkChain or a SprintChain.

    Attributes:
        document: Its document.
        project: The Project it belongs to; empty where there is none.
        source: What records say its runs come of.
        title: What all of it is, in a line.
        word: What a part is called: issue or sprint.
        links: Its parts, in order.
        is_single: Whether all go on one branch and are proposed together.
        awaits_merge: Whether a part begins only once the one before it is merged.
        goes_on: Whether a part begins although one before it failed.
        branch: The branch it asks for, or what the names of several begin with.
        resume_from: The part its document says to go on with after a failure.
    """

    document: Document
    project: str
    source: Source
    title: str
    word: str
    links: tuple[Link, ...]
    is_single: bool = True
    awaits_merge: bool = False
    goes_on: bool = False
    branch: str | None = None
    resume_from: str | None = None

    @property
    def ref(self) -> Ref:
        """Return what it is known by."""
        return self.document.ref

    def place(self, part: str | None) -> int | None:
        """Return where a part is, from 0; None where there is no such part."""
        return next((at for at, link in enumerate(self.links) if link.name == part), None)

    def tail(self, run: str) -> str:
        """Return what a run's name has besides the chain's, e.g. ``.sign-in.sprint``."""
        return run.removeprefix(self.ref.name)
