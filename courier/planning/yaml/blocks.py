"""Plain values as YAML that people write: block style, texts of several lines as blocks."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

_PLAIN = re.compile(
    r"[A-Za-z_/][A-Za-z0-9_./ @+(),;!?'=-]*[A-Za-z0-9_/@+().!?]|[A-Za-z_/]|[0-9]+[smhd]"
)
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})


def to_yaml(value: object) -> str:
    """Return a value made of mappings, sequences, texts, numbers, booleans and None as YAML."""
    return "\n".join(_block(value, "")) + "\n"


def _block(value: object, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _entry(f"{indent}{_text(str(key))}:", inner, indent)
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        for inner in value:
            yield from _item(inner, indent)
    else:
        yield f"{indent}{_scalar(value)}"


def _entry(head: str, value: object, indent: str) -> Iterator[str]:
    if value and isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        yield head
        yield from _block(value, f"{indent}  ")
    elif isinstance(value, str) and _is_text(value):
        yield f"{head} {_literal_head(value)}"
        yield from (f"{indent}  {line}".rstrip(" ") for line in value.rstrip("\n").split("\n"))
    else:
        yield f"{head} {_scalar(value)}"


def _item(value: object, indent: str) -> Iterator[str]:
    if isinstance(value, str) and _is_text(value):
        yield f"{indent}- {_literal_head(value)}"
        yield from (f"{indent}  {line}".rstrip(" ") for line in value.rstrip("\n").split("\n"))
        return
    first, *rest = _block(value, f"{indent}  ")
    yield f"{indent}- {first[len(indent) + 2 :]}"
    yield from rest


def _is_text(value: str) -> bool:
    """Return whether a text may stand as a block: what comes back is exactly the same."""
    lines = value.rstrip("\n").split("\n")
    kept = all(line == line.rstrip() and line.isprintable() for line in lines)
    ends = len(value) - len(value.rstrip("\n"))
    return kept and len(lines) > 1 and bool(lines[0]) and lines[0][0] != " " and ends < 2


def _literal_head(value: str) -> str:
    return "|" if value.endswith("\n") else "|-"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value)


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in quoted)


def _escaped(sign: str) -> str:
    return f"\\U{ord(sign):08x}"
