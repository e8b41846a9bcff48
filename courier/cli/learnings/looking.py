"""Looking at learnings for people's commands."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from courier.cli.here import Here

if TYPE_CHECKING:
    from courier.engine.learnings.standing import StandingLesson
    from courier.planning.catalog.catalog import Catalog


async def look(here: Here) -> "Sequence[StandingLesson]":
    """Return every learning there is, as the remote has it."""
    from courier.engine.learnings.standing import Standing

    async with here.wired() as wiring:
        catalog = (await wiring.preview().tracked()).catalog
        return await Standing(wiring.world).look(catalog)


def machine_readable(value: Mapping[str, Any], output: str) -> str:
    """Return plain JSON values as versioned JSON, or as YAML."""
    from courier.cli.views.json_text import to_json
    from courier.planning.yaml.blocks import to_yaml

    return to_yaml(value) if output == "yaml" else to_json({"formatVersion": 1, **value})


async def catalog_here(here: Here) -> "Catalog":
    """Return the documents on disk.

    Raises:
        InvalidCatalog: If they have errors.
    """
    from courier.diagnostics import has_errors
    from courier.engine.passes.preview import read_files
    from courier.errors import InvalidCatalog
    from courier.planning.documents.manifest import Schemas
    from courier.shipped import schema_text

    reading = read_files(await here.checkout.files(), Schemas(schema_text))
    if has_errors(reading.diagnostics):
        raise InvalidCatalog(reading.diagnostics)
    return reading.catalog
