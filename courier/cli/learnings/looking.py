"""Looking at learnings for people's commands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

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
