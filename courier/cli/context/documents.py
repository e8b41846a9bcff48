"""Finding a Context in the working tree."""

from courier.cli.here import Here
from courier.planning.documents.manifest import Document


async def context_named(here: Here, name: str) -> Document:
    """Return a Context as its file on disk says it.

    Raises:
        NotFound: If there is none of that name.
        InvalidCatalog: If there is none, and documents are broken.
    """
    from courier.diagnostics import has_errors
    from courier.engine.passes.preview import read_files
    from courier.errors import InvalidCatalog, NotFound
    from courier.planning.documents.manifest import Schemas
    from courier.planning.documents.references import Ref
    from courier.shipped import schema_text

    reading = read_files(await here.checkout.files(), Schemas(schema_text))
    ref = Ref("Context", name.removeprefix("context/"))
    found = reading.catalog.documents.get(ref)
    if found is None:
        if has_errors(reading.diagnostics):
            raise InvalidCatalog(reading.diagnostics)
        raise NotFound(
            f"No document in .courier/ is {ref}.", next_step="See `courier get context`."
        )
    return found
