"""From a frozen machine to what a provider of sandboxes is asked for."""

import posixpath

from courier.errors import Misconfigured
from courier.ports.repository import Repository
from courier.ports.sandboxes import Recipe, SandboxSpec
from courier.runs.run.frozen import FrozenSandbox, FrozenTemplate


async def wanted_machine(repository: Repository, machine: FrozenSandbox, base: str) -> SandboxSpec:
    """Return what such a machine is to a provider; labels and time are for the caller to add.

    Args:
        repository: Where a template's Dockerfile is.
        machine: The machine.
        base: The commit to read files at.

    Raises:
        Misconfigured: If a file the machine is made from does not exist.
    """
    template = machine.prepared
    if template is None:
        start, recipe = machine.template, None
    else:
        start = template.start
        recipe = await _recipe(repository, template, base) if template.is_built else None
    return SandboxSpec(
        template=start,
        recipe=recipe,
        cpu=machine.cpu,
        memory_mb=machine.memory_mb,
        network=machine.network,
    )


async def _recipe(repository: Repository, template: FrozenTemplate, base: str) -> Recipe:
    text = ""
    if template.dockerfile is not None:
        text = await _read(repository, template, template.dockerfile, base)
    return Recipe(
        commands=template.commands,
        dockerfile=text,
        name=template.name,
        place=template.place,
    )


async def _read(repository: Repository, template: FrozenTemplate, path: str, base: str) -> str:
    files = await repository.files(base, posixpath.dirname(path))
    if path not in files:
        raise Misconfigured(
            f"The Dockerfile of Template/{template.name} ({template.place}) does not exist.",
            detail=f"{path} is not in the repository at {base[:10]}.",
            next_step="Correct `dockerfile`, or commit the file.",
        )
    (content,) = await repository.read([files[path]])
    return content.decode("utf-8", "replace")
