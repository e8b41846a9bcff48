"""`courier explain`: what a field means, or where a run's values come from."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = """\
courier explain workflow
courier explain workflow.spec.steps.timeout
courier explain run/fix-slugify"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("path")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to show it."
)
@click.pass_obj
def explain(here: Here, path: str, output: str) -> None:
    """Explain a field, or a run's values.

    PATH is a kind, a field such as `workflow.spec.steps`, or `run/NAME`: then every effective
    value is shown with the document and line that decides it, as `.courier/` is on disk.
    """
    from courier.cli.views.json_text import to_json

    kind, slash, name = path.partition("/")
    text, value = _values(here, kind, name) if slash else _field(here, path)
    here.console.show(to_json({"formatVersion": 1, **value}) if output == "json" else text)


def _field(here: Here, path: str) -> tuple[str, dict[str, object]]:
    import json
    from pathlib import Path

    from courier.cli.views.fields import to_json as field_json
    from courier.cli.views.fields import told
    from courier.errors import NotFound
    from courier.resources.fields import UnknownField, describe_field
    from courier.shipped import shipped

    schemas = {
        each.name: json.loads(each.read_bytes()) for each in Path(shipped("schemas")).glob("*.json")
    }
    found = describe_field(path, schemas)
    if isinstance(found, UnknownField):
        close = f"Did you mean `{found.did_you_mean[0]}`? " if found.did_you_mean else ""
        known = (
            f"There are: {', '.join(found.known)}." if found.known else "There is nothing below."
        )
        raise NotFound(
            "There is no such field.", detail=f"{found.wrong} in {path}", next_step=close + known
        )
    return told(found, here.console.ink), field_json(found)


def _values(here: Here, kind: str, name: str) -> tuple[str, dict[str, object]]:
    from courier.cli.kinds import kind_named
    from courier.cli.views.values import told
    from courier.engine.preview import read_files
    from courier.errors import InvalidCatalog, Misused, NotFound
    from courier.planning.explanation import explain as effective_values
    from courier.planning.manifest import Schemas
    from courier.planning.references import Ref
    from courier.shipped import schema_text

    if kind_named(kind) != "Run":
        raise Misused(
            "Only runs have effective values.", next_step="Try `courier explain run/NAME`."
        )
    reading = read_files(here.run(here.checkout.files()), Schemas(schema_text))
    ref = Ref("Run", name)
    if ref not in reading.catalog.documents:
        if reading.diagnostics:
            raise InvalidCatalog(reading.diagnostics)
        raise NotFound(f"No document in .courier/ is {ref}.", next_step="See `courier get all`.")
    found = effective_values(reading.catalog, ref)
    return told(name, found, here.console.ink), {
        "run": name,
        "values": {
            step or "run": {
                path: {"value": one.value, "origin": one.origin} for path, one in each.items()
            }
            for step, each in found.items()
        },
    }
