"""From a schema's objection to a sentence for people: one diagnostic for one mistake."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from courier.diagnostics import Diagnostic, Position
from courier.planning.documents.references import Pointer
from courier.planning.problems import either, error, quoted, shortened, suggestion
from courier.planning.yaml.scalars import habit


class Locate(Protocol):
    """From a pointer, and whether its key is meant, to its place."""

    def __call__(self, pointer: Pointer, *, at_key: bool = False) -> Position: ...  # noqa: D102


_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_RULES = {"required", "falseSchema", "minItems", "maxItems", "contains", "enum"}


class Objection(Protocol):
    """What a schema validator says about one mistake."""

    @property
    def kind(self) -> Any: ...  # noqa: D102
    @property
    def instance(self) -> Any: ...  # noqa: D102
    @property
    def instance_path(self) -> list[str | int]: ...  # noqa: D102
    @property
    def schema_path(self) -> list[str | int]: ...  # noqa: D102


class Said(NamedTuple):
    """A diagnostic without its place: ``inside`` is added to the pointer."""

    code: str
    summary: str
    detail: str
    inside: Pointer = ()
    at_key: bool = False


def explain(
    objections: Sequence[Objection], schema: Mapping[str, object], locate: Locate
) -> Iterator[Diagnostic]:
    """Yield one diagnostic per mistake.

    Args:
        objections: What the validator found.
        schema: The schema it used.
        locate: Finds places in the document.
    """
    told: set[tuple[Pointer, str, str]] = set()
    for objection in objections:
        node, rule = _node_and_rule(schema, objection.schema_path)
        for said in _said(objection, node, rule):
            pointer = (*objection.instance_path, *said.inside)
            if (pointer, said.code, said.detail) not in told:
                told.add((pointer, said.code, said.detail))
                at = locate(pointer, at_key=said.at_key)
                yield error(said.code, said.summary, said.detail, at)


def _node_and_rule(
    schema: Mapping[str, object], path: Sequence[str | int]
) -> tuple[Mapping[str, object], str]:
    node: Any = schema
    nodes: list[Mapping[str, object]] = [schema]
    for step in path:
        node = node[step]
        if isinstance(node, dict):
            nodes.append(node)
    rules = [str(each["x-courier-rule"]) for each in nodes if "x-courier-rule" in each]
    keyword = path[-1] if path else ""
    last = next((each for each in reversed(nodes) if keyword in each), schema)
    return last, rules[-1] if rules else ""


def _said(objection: Objection, node: Mapping[str, object], rule: str) -> Iterator[Said]:
    keyword = objection.kind.name
    facts = objection.kind.as_dict()
    where = _name(objection.instance_path)
    if rule and keyword in _RULES:
        yield _rule_broken(objection, facts, rule)
    elif keyword == "additionalProperties":
        known = [str(key) for key in _mapping(node.get("properties"))]
        yield from (_unknown(field, known, where) for field in facts["unexpected"])
    elif keyword == "required":
        detail = f"{where} needs `{facts['property']}`. Add it."
        yield Said("MissingField", "Missing field", detail, at_key=True)
    elif keyword == "propertyNames":
        key = str(facts["error"].instance)
        detail = f"{quoted(key)} is not {node.get('x-courier-expects', 'a name used here')}."
        yield Said("BadName", "Bad name", detail, (key,), at_key=True)
    else:
        yield _wrong_value(objection, node, where)


def _rule_broken(objection: Objection, facts: Mapping[str, Any], rule: str) -> Said:
    match objection.kind.name:
        case "required":
            return Said("MissingField", "Missing field", rule, at_key=True)
        case "falseSchema":
            return Said("NotTogether", "Fields that do not go together", rule, at_key=True)
        case "enum":
            detail = f"{rule} Found {quoted(objection.instance)}."
            return Said("NotAllowedValue", "Value not allowed here", detail)
        case "minItems" | "maxItems":
            detail = f"{rule} Found {len(objection.instance)}."
            return Said("WrongCount", "Wrong number of items", detail, at_key=True)
        case _:
            del facts
            return Said("RuleBroken", "A rule does not hold", rule, at_key=True)


def _unknown(field: str, known: Sequence[str], where: str) -> Said:
    hint = suggestion(field, known)
    if not hint and known:
        hint = f" It may have {either(sorted(known))}." if len(known) <= 12 else ""
    detail = f"{where} has no field {quoted(field)}.{hint or ' Remove it.'}"
    return Said("UnknownField", "Unknown field", detail, (field,), at_key=True)


def _wrong_value(objection: Objection, node: Mapping[str, object], where: str) -> Said:
    facts = objection.kind.as_dict()
    value = objection.instance
    match objection.kind.name:
        case "type":
            return _wrong_type(value, facts["types"], node, where)
        case "const" if objection.instance_path == ["apiVersion"]:
            detail = f"Expected {facts['expected_value']}, found {quoted(value)}."
            return Said("UnknownApiVersion", "Unknown apiVersion", detail)
        case "enum" | "const":
            return _not_allowed(value, facts, where)
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            detail = f"{where} is {quoted(value)}; it must be {_bounds(node)}."
            return Said("OutOfRange", "Number out of range", detail)
        case "minItems" | "maxItems":
            detail = f"{where} has {len(value)} items; it must have {_limits(node, 'Items')}."
            return Said("WrongCount", "Wrong number of items", detail, at_key=True)
        case "minLength" | "maxLength":
            detail = f"{where} has {len(value)} characters; it must have {_limits(node, 'Length')}."
            return Said("WrongLength", "Text too short or too long", detail)
        case "pattern":
            return _wrong_form(value, node, where)
        case other:
            return Said("NotValid", "Value not valid", f"{where} breaks the rule {other!r}.")


def _wrong_type(
    value: object, types: Sequence[str], node: Mapping[str, object], where: str
) -> Said:
    expected = either(_TYPES.get(name, name) for name in types)
    advice = _type_advice(value, types, node)
    detail = f"{where} must be {expected}, found {quoted(value)}. {advice}".rstrip()
    return Said("WrongType", "Wrong type", detail)


def _type_advice(value: object, types: Sequence[str], node: Mapping[str, object]) -> str:
    if value is None:
        return "Write a value or remove the line."
    if isinstance(value, str):
        found = next(filter(None, (habit(value, wanted=name) for name in types)), "")
        return found or ("Remove the quotes." if _would_fit(value, types) else "")
    if isinstance(value, dict):
        return ""
    if "string" in types and not isinstance(value, list):
        fits = re.search(str(node.get("pattern", "")), str(value))
        return "Put it in quotes." if fits else f"Expected {node.get('x-courier-expects', 'text')}."
    return "Write it as a list: `- item`." if "array" in types else ""


def _would_fit(text: str, types: Sequence[str]) -> bool:
    if text in ("true", "false"):
        return "boolean" in types
    return re.fullmatch(r"-?[0-9]+", text) is not None and bool({"integer", "number"} & {*types})


def _not_allowed(value: object, facts: Mapping[str, Any], where: str) -> Said:
    options = [str(option) for option in facts.get("options", [facts.get("expected_value")])]
    if not isinstance(value, str):
        detail = f"{where} must be {either(options)}, found {quoted(value)}."
        return Said("WrongType", "Wrong type", detail)
    hint = suggestion(value, options)
    detail = f"{where} must be {either(options)}, found {quoted(value)}.{hint}"
    return Said("NotAllowedValue", "Value not allowed here", detail)


def _wrong_form(value: object, node: Mapping[str, object], where: str) -> Said:
    expects = node.get("x-courier-expects", "another form")
    detail = f"{where} is {quoted(value)}; expected {expects}."
    if "x-courier-ref" in node or str(expects).startswith("lower-case letters"):
        return Said("BadName", "Bad name", detail)
    return Said("BadFormat", "Wrong form", detail)


def _bounds(node: Mapping[str, object]) -> str:
    least, most = node.get("minimum"), node.get("maximum")
    if least is not None and most is not None:
        return f"from {least} to {most}"
    return f"at least {least}" if least is not None else f"at most {most}"


def _limits(node: Mapping[str, object], what: str) -> str:
    least, most = node.get(f"min{what}"), node.get(f"max{what}")
    if least is not None and most is not None:
        return f"{least} to {most}"
    return f"at least {least}" if least is not None else f"at most {most}"


def _name(pointer: Sequence[str | int]) -> str:
    if not pointer:
        return "The document"
    named = [str(part) for part in pointer if isinstance(part, str)]
    last = pointer[-1]
    if isinstance(last, int):
        return f"Item {last + 1} of `{shortened(named[-1])}`" if named else f"Item {last + 1}"
    return f"`{shortened(last)}`"


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
