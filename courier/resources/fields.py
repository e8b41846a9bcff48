"""What a field is, read from the JSON Schemas alone: for `courier explain`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeGuard

from courier.resources.defaults import BUILT_IN

JsonObject = dict[str, object]

_WHOLE_KINDS = "any.json"
_SAYING_DEFAULTS = ("Project", "Workflow", "Run")


@dataclass(frozen=True, slots=True)
class FieldHelp:
    """One field, explained.

    Attributes:
        path: As it was asked for, with the kind in its own spelling, e.g. ``Workflow.spec.steps``.
        type: For people, e.g. ``list of Step`` or ``one of fail, deliverDraft``.
        required: Whether it must be written.
        default: Its default as a JSON value; None where there is none.
        built_in: What holds where no document says otherwise; None where nothing is built in.
        description: What it means.
        expects: What its text must look like, where that is said.
        refers_to: The kinds it may name.
        children: The fields below it, each with a path one longer.
    """

    path: str
    type: str
    required: bool
    default: object
    built_in: object
    description: str
    expects: str
    refers_to: tuple[str, ...]
    children: tuple["FieldHelp", ...]


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A path that leads nowhere: the part that is wrong, and what was probably meant."""

    path: str
    wrong: str
    did_you_mean: tuple[str, ...]
    known: tuple[str, ...]


def describe_field(path: str, schemas: Mapping[str, JsonObject]) -> FieldHelp | UnknownField:
    """Explain a path such as ``workflow.spec.steps.name``, given the schemas by file name.

    List items and map values are entered without a word of their own; ``[]`` and ``[0]`` behind a
    name are allowed. The kind may be written in any case, with or without dashes.
    """
    names = [part.partition("[")[0] for part in path.strip().split(".") if part]
    kinds = _kinds(schemas)
    wanted = _plain(names[0]) if names else ""
    kind = next((known for known in kinds if _plain(known) == wanted), None)
    if kind is None:
        return _unknown(path, names[0] if names else "", kinds)
    root = _schema_of(kind, schemas)
    node, required = root, True
    for name in names[1:]:
        owner = _inner(node, root)
        fields = _fields(owner)
        if name not in fields:
            return _unknown(path, name, tuple(fields))
        node, required = fields[name], name in _texts(owner.get("required"))
    return _describe(".".join([kind, *names[1:]]), node, root, required=required)


def _kinds(schemas: Mapping[str, JsonObject]) -> tuple[str, ...]:
    kind = _fields(schemas[_WHOLE_KINDS])["kind"]
    return tuple(_texts(kind["enum"]))


def _schema_of(kind: str, schemas: Mapping[str, JsonObject]) -> JsonObject:
    wanted = _plain(kind)
    return next(schema for name, schema in schemas.items() if _plain(name[:-5]) == wanted)


def _plain(name: str) -> str:
    return name.replace("-", "").lower()


def _unknown(path: str, wrong: str, known: Sequence[str]) -> UnknownField:
    by_plain = {_plain(name): name for name in known}
    close = get_close_matches(_plain(wrong), by_plain, n=3, cutoff=0.6)
    return UnknownField(path, wrong, tuple(by_plain[name] for name in close), tuple(known))


def _describe(path: str, node: JsonObject, root: JsonObject, *, required: bool) -> FieldHelp:
    owner = _inner(node, root)
    needed = _texts(owner.get("required"))
    merged = {**_deref(node, root), **node}
    children = tuple(
        _describe_alone(f"{path}.{name}", inner, root, required=name in needed)
        for name, inner in _fields(owner).items()
    )
    return _alone(path, merged, root, required=required, children=children)


def _describe_alone(path: str, node: JsonObject, root: JsonObject, *, required: bool) -> FieldHelp:
    return _alone(path, {**_deref(node, root), **node}, root, required=required, children=())


def _alone(
    path: str,
    node: JsonObject,
    root: JsonObject,
    *,
    required: bool,
    children: tuple[FieldHelp, ...],
) -> FieldHelp:
    leaf = _leaf(node)
    return FieldHelp(
        path=path,
        type=_type(node, root),
        required=required,
        default=node.get("default"),
        built_in=_built_in(path),
        description=str(node.get("description", "")),
        expects=str(leaf.get("x-courier-expects", "")),
        refers_to=_names(leaf.get("x-courier-ref")),
        children=children,
    )


def _built_in(path: str) -> object:
    kind, _, below = path.partition(".spec.")
    known = BUILT_IN.get(below) if kind in _SAYING_DEFAULTS else None
    return known.value if known else None


def _type(node: JsonObject, root: JsonObject) -> str:
    items, values = node.get("items"), node.get("additionalProperties")
    if isinstance(target := node.get("$ref"), str):
        return target.rpartition("/")[2]
    if "const" in node or "enum" in node:
        return "one of " + ", ".join(_texts(node.get("enum", [node.get("const")])))
    if _is_object(items):
        return f"list of {_type(items, root)}"
    if _is_object(values):
        return f"map of name to {_type(values, root)}"
    return str(node.get("type", "any"))


def _leaf(node: JsonObject) -> JsonObject:
    items, values = node.get("items"), node.get("additionalProperties")
    inner = items if _is_object(items) else values
    return _leaf(inner) if _is_object(inner) else node


def _inner(node: JsonObject, root: JsonObject) -> JsonObject:
    """Return the object whose fields come next: through references, items and map values."""
    here = _leaf(_deref(node, root))
    return here if here is node else _inner(here, root)


def _deref(node: JsonObject, root: JsonObject) -> JsonObject:
    target, known = node.get("$ref"), root.get("$defs")
    if not isinstance(target, str) or not _is_object(known):
        return node
    found = known[target.rpartition("/")[2]]
    return found if _is_object(found) else {}


def _fields(node: JsonObject) -> dict[str, JsonObject]:
    properties = node.get("properties")
    if not _is_object(properties):
        return {}
    return {name: inner for name, inner in properties.items() if _is_object(inner)}


def _names(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(_texts(value))


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def _is_object(value: object) -> TypeGuard[JsonObject]:
    return isinstance(value, dict)
