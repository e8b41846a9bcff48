"""Templates: the machine a sandbox starts from."""

from typing import Annotated, Literal

from pydantic import Field

from courier.resources.envelope import Resource, Spec
from courier.resources.rules import AtMostOne
from courier.resources.sandbox import Cpu, MemoryMB
from courier.resources.values import Items, RepositoryPath, Text, matching, ref


class TemplateSpec(Spec):
    """What is installed in a sandbox before an agent starts; by default what `base` has."""

    RULES = (AtMostOne(("id", "dockerfile")),)

    description: Text | None = None
    """What it is for, for people."""
    id: (
        Annotated[
            str,
            matching(
                r"^[A-Za-z0-9][A-Za-z0-9_./:-]{0,127}$", expects="an E2B template's id or alias"
            ),
        ]
        | None
    ) = None
    """An E2B template that exists already, by id or alias."""
    dockerfile: RepositoryPath | None = None
    """A Dockerfile in the repository to build the template from, without `COPY` and `ADD`."""
    agents: Items[Annotated[str, ref("Agent")]] = ()
    """The agents whose command-line programs it contains; built-in ones are installed after `setup`
    where they are missing."""
    cpu: Cpu | None = None
    """Virtual CPUs of its sandboxes, 1 to 8."""
    memory_mb: MemoryMB | None = Field(default=None, alias="memoryMB")
    """Memory of its sandboxes in MB, 256 to 8192."""
    setup: Items[Text] = ()
    """Shell commands run once when it is prepared, in this order, before `agents` are installed, in
    the home directory, as the sandbox's user; the repository is not there yet."""


class Template(Resource):
    """The machine a sandbox starts from."""

    kind: Literal["Template"]
    """Always `Template`."""
    spec: TemplateSpec
    """What it contains."""
