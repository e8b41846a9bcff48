"""Writing a document into the working tree, and bringing it to the tracked branch."""

from collections.abc import Mapping
from typing import Any

from courier.cli.here import Here

_HEADER = "# yaml-language-server: $schema=../schema.json\n"


async def write_document(here: Here, path: str, document: Mapping[str, Any], *, taken: str) -> None:
    """Write a document unless it would be wrong.

    Args:
        here: Where the command was started.
        path: From the repository's root.
        document: The document.
        taken: What to do where there is such a file already.

    Raises:
        Conflict: If the file exists.
        InvalidCatalog: If the document has errors.
    """
    from courier.diagnostics import has_errors
    from courier.engine.passes.preview import read_files
    from courier.errors import Conflict, InvalidCatalog
    from courier.planning.documents.manifest import Schemas
    from courier.planning.yaml.blocks import to_yaml
    from courier.shipped import schema_text

    checkout = here.checkout
    if (checkout.root / path).exists():
        raise Conflict(f"{path} exists.", next_step=taken)
    files = dict(await checkout.files())
    header = _HEADER if ".courier/schema.json" in files else ""
    text = (header + to_yaml(document)).encode()
    reading = read_files({**files, path: text}, Schemas(schema_text))
    mine = [one for one in reading.diagnostics if one.position and one.position.file == path]
    if has_errors(mine):
        raise InvalidCatalog(mine)
    (checkout.root / path).parent.mkdir(parents=True, exist_ok=True)
    (checkout.root / path).write_bytes(text)


async def check_publishable(here: Here) -> str:
    """Return the tracked branch, to which a commit made now, and nothing else, could be pushed.

    Raises:
        Misused: If another branch is checked out.
        Conflict: If other commits would be pushed along.
    """
    async with here.wired() as wiring:
        await wiring.mirror.fetch()
        head = await wiring.mirror.head()
    await here.checkout.check_ready(head.branch, tip=head.commit)
    return head.branch


async def publish(here: Here, path: str, *, branch: str, message: str) -> None:
    """Commit one file and push it."""
    await here.checkout.commit(path, message=message)
    await here.checkout.push(branch)
