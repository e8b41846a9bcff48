"""The reference of all kinds as Markdown, made from the schemas and one example per kind."""

import json
from collections.abc import Iterator, Mapping

from courier.resources.fields import FieldHelp, JsonObject, describe_field
from courier.resources.names import KIND_NAMES

_HEAD = """\
# Resources

Every document has the same envelope: `apiVersion: courier/v1`, `kind`, `metadata` and `spec`.
Names of resources and steps are lower-case letters, digits and dashes, at most 63. A field that
is not written is left out, never written empty. Durations are a whole number and a unit: `90s`,
`15m`, `4h`, `30d`. Money is a number of US dollars.

A value that may be written in several places is looked up in this order, the last one wins:
built-in, Project, Workflow, Persona, step, Run.

`courier explain workflow.spec.steps` shows any part of this page in the terminal.

"""


def reference_text(schemas: Mapping[str, JsonObject], examples: Mapping[str, str]) -> str:
    """Return the page, given the schemas by file name and an example's text per kind."""
    index = "".join(f"- [{kind}](#{kind.lower()})\n" for kind in KIND_NAMES)
    sections = [_section(kind, schemas, examples[kind]) for kind in KIND_NAMES]
    return _HEAD + index + "\n## Metadata\n\n" + _metadata(schemas) + "".join(sections)


def _metadata(schemas: Mapping[str, JsonObject]) -> str:
    return _table("project.metadata", schemas, prefix="metadata.")


def _section(kind: str, schemas: Mapping[str, JsonObject], example: str) -> str:
    about = describe_field(kind, schemas)
    said = about.description if isinstance(about, FieldHelp) else ""
    shown = "".join(line for line in example.splitlines(keepends=True) if "$schema=" not in line)
    table = _table(f"{kind}.spec", schemas, prefix="")
    return f"\n## {kind}\n\n{said}\n\n```yaml\n{shown}```\n\n{table}"


def _table(path: str, schemas: Mapping[str, JsonObject], *, prefix: str) -> str:
    rows = "".join(_row(prefix, name, field) for name, field in _walk(path, "", schemas))
    return f"| field | type | meaning |\n|---|---|---|\n{rows}"


def _walk(
    path: str, below: str, schemas: Mapping[str, JsonObject]
) -> Iterator[tuple[str, FieldHelp]]:
    here = describe_field(path, schemas)
    for child in here.children if isinstance(here, FieldHelp) else ():
        name = f"{below}{child.path.rpartition('.')[2]}"
        yield name, child
        mark = "[]." if child.type.startswith("list") else "."
        yield from _walk(child.path, f"{name}{mark}", schemas)


def _row(prefix: str, name: str, field: FieldHelp) -> str:
    words = [field.description]
    words += ["Required."] if field.required else []
    words += [f"Default: `{json.dumps(field.default)}`."] if _worth_saying(field.default) else []
    words += [f"Built-in: `{_plain(field.built_in)}`."] if _worth_saying(field.built_in) else []
    words += [f"Names {_either(field.refers_to)}."] if field.refers_to else []
    kind = field.type.replace("|", "\\|")
    meaning = " ".join(words).replace("\n", " ")
    return f"| `{prefix}{name}` | {kind} | {meaning} |\n"


def _worth_saying(default: object) -> bool:
    return default is not None and default != [] and default != ()


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _either(kinds: tuple[str, ...]) -> str:
    return " or ".join(f"{_article(kind)} [{kind}](#{kind.lower()})" for kind in kinds)


def _article(noun: str) -> str:
    return "an" if noun[0] in "AEIOU" else "a"
