"""What files are made from, and what comes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import JsonValue

from courier.planning.documents.manifest import Schemas
from courier.planning.yaml.blocks import to_yaml
from courier.resources.envelope import API_VERSION
from courier.runs.harvest.frozen import FrozenHarvest

FOLDER = ".courier/"
"""Where documents are, below a repository's root."""


class Unusable(ValueError):
    """Why no files can be made of an answer, in a sentence for people."""


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document that is there already.

    Attributes:
        where: The open pull request it waits in, e.g. ``pull request #3``; empty where it is on
            the branch that is proposed to.
    """

    kind: str
    name: str
    value: Mapping[str, Any]
    where: str = ""

    @property
    def place(self) -> str:
        """Return where it is, in words."""
        return f"{self.kind} `{self.name}`" + (f" in {self.where}" if self.where else "")


@dataclass(frozen=True, slots=True)
class Known:
    """What is there already.

    Attributes:
        documents: Those of the kinds the sort asks for, on the branch and in open pull requests.
        paths: Every file below ``.courier/`` there, so that none is written over.
        content: What the file to be changed holds; None where none is.
    """

    documents: tuple[KnownDocument, ...] = ()
    paths: frozenset[str] = frozenset()
    content: bytes | None = None

    def names(self, kind: str) -> frozenset[str]:
        """Return the names a kind's documents have."""
        return frozenset(one.name for one in self.documents if one.kind == kind)

    def of_kind(self, kind: str) -> Iterator[KnownDocument]:
        """Yield the documents of a kind."""
        return (one for one in self.documents if one.kind == kind)


@dataclass(frozen=True, slots=True)
class Crop:
    """What was made of an answer.

    Attributes:
        files: Path from the repository's root to content; empty where nothing is proposed.
        title: What the pull request is called.
        body: What it says first, as Markdown.
        message: Where there are no files: why, for people.
        reason: The same as a PascalCase word.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    title: str = ""
    body: str = ""
    message: str = ""
    reason: str = "NothingFound"


class Sort(Protocol):
    """One sort of harvest."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds whose documents it must know."""
        ...

    def crop(
        self,
        answer: Mapping[str, JsonValue],
        harvest: FrozenHarvest,
        known: Known,
        *,
        schemas: Schemas,
    ) -> Crop:
        """Return files and words for an answer; the same arguments give the same bytes.

        Args:
            answer: As its contract has it.
            harvest: What is needed besides.
            known: What is there already.
            schemas: For those who read a file that is there.

        Raises:
            Unusable: If nothing can be made of it.
        """
        ...


def document(kind: str, name: str, spec: Mapping[str, object], *, harvest: FrozenHarvest) -> bytes:
    """Return a document as YAML; fields that are None or empty lists are left out."""
    project = {"project": harvest.project} if harvest.project else {}
    told = {key: value for key, value in spec.items() if value is not None and value != []}
    value = {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name, **project},
        "spec": told,
    }
    return to_yaml(value).encode()


def counted(number: int, word: str) -> str:
    """Return a number and a word for it: ``2 issues``, ``1 issue``."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
