"""`courier explain`: what a field means, or where a run's values come from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.planning.catalog.catalog import Reading
    from courier.runs.run.frozen import FrozenValue

    Explained: TypeAlias = Mapping[str, Mapping[str, FrozenValue]]

_EXAMPLE = """\
courier explain workflow
courier explain workflow.spec.steps.timeout
courier explain run/fix-slugify
courier explain session/evaluator"""


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
    `session/TYPE`, with several projects `session/PROJECT/TYPE`, shows what holds for a kind of
    session.
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
    from courier.engine.passes.preview import read_files
    from courier.errors import Misused
    from courier.planning.documents.manifest import Schemas
    from courier.shipped import schema_text

    is_session = kind.lower() in ("session", "sessions")
    if not is_session and kind_named(kind) != "Run":
        raise Misused(
            "Only runs and sessions have effective values.",
            next_step="Try `courier explain run/NAME`.",
        )
    reading = read_files(here.run(here.checkout.files()), Schemas(schema_text))
    found = _of_session(reading, name) if is_session else _of_run(reading, name)
    title = f"{'session' if is_session else 'Run'}/{name}"
    return told(title, found, here.console.ink), {
        "session" if is_session else "run": name,
        "values": {
            step or ("session" if is_session else "run"): {
                path: {"value": one.value, "origin": one.origin} for path, one in each.items()
            }
            for step, each in found.items()
        },
    }


def _of_run(reading: "Reading", name: str) -> "Explained":
    from courier.diagnostics import has_errors
    from courier.errors import InvalidCatalog, NotFound
    from courier.planning.asked.explanation import explain as effective_values
    from courier.planning.documents.references import Ref

    ref = Ref("Run", name)
    if ref not in reading.catalog.documents:
        if has_errors(reading.diagnostics):
            raise InvalidCatalog(reading.diagnostics)
        raise NotFound(f"No document in .courier/ is {ref}.", next_step="See `courier get all`.")
    return effective_values(reading.catalog, ref)


def _of_session(reading: "Reading", name: str) -> "Explained":
    from typing import get_args

    from courier.errors import Misused
    from courier.planning.asked.explanation import explain_session
    from courier.resources.values import SessionType

    project, _, kind = name.rpartition("/")
    refs = [ref for ref in reading.catalog.of_kind("Project") if project in ("", ref.name)]
    known = {str(each): each for each in get_args(SessionType)}
    if kind not in known:
        raise Misused("There is no such kind of session.", next_step=f"Try {', '.join(known)}.")
    if len(refs) != 1:
        names = ", ".join(ref.name for ref in reading.catalog.of_kind("Project")) or "none"
        raise Misused(
            "It takes one project.",
            detail=f"Projects here: {names}.",
            next_step=f"Write `courier explain session/PROJECT/{kind}`.",
        )
    return explain_session(reading.catalog, refs[0], known[kind])
