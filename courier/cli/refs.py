"""`courier refs`: who uses something."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = """\
courier refs skill/review
courier refs workflow/fix -o json"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("what", metavar="KIND/NAME")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to show it."
)
@click.pass_obj
def refs(here: Here, what: str, output: str) -> None:
    """Tell who uses something.

    Lists every document of `.courier/` on disk that names it, with the place. Built-in agents and
    templates can be looked for too.
    """
    from courier.cli.kinds import thing_named
    from courier.cli.views.json_text import to_json
    from courier.engine.passes.preview import read_files
    from courier.errors import NotFound
    from courier.planning.catalog.sharing import users_of
    from courier.planning.documents.manifest import Schemas
    from courier.resources.names import BUILTIN_NAMES
    from courier.shipped import schema_text

    wanted = thing_named(what)
    schemas = Schemas(schema_text)
    catalog = read_files(here.run(here.checkout.files()), schemas).catalog
    is_built_in = wanted.name in BUILTIN_NAMES.get(wanted.kind, ())
    found = [
        (document.ref, ".".join(map(str, pointer)), document.position(pointer))
        for document, pointer in users_of(catalog, wanted, schemas)
    ]
    if not found and not is_built_in and wanted not in catalog.documents:
        raise NotFound(f"No document in .courier/ is {wanted}.", next_step="See `courier get all`.")
    if output == "json":
        users = [
            {"document": str(ref), "field": field, "position": str(at)} for ref, field, at in found
        ]
        here.console.show(to_json({"formatVersion": 1, "of": str(wanted), "users": users}))
    elif not found:
        here.console.show(f"Nobody uses {wanted}.")
    else:
        for ref, field, at in found:
            here.console.show(f"{at}  {ref}  {field}")
