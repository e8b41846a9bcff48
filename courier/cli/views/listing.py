"""Lists of things in every form `courier get` knows."""

from collections.abc import Mapping, Sequence
from typing import Any

from courier.cli.kinds import plural, singular
from courier.cli.views.ink import PLAIN, Ink
from courier.cli.views.json_text import to_json
from courier.cli.views.tables import table
from courier.planning.yaml.blocks import to_yaml

Items = Sequence[tuple[str, Mapping[str, Mapping[str, Any]]]]
"""Kind, and name to thing as plain JSON values."""


def tables(found: Sequence[tuple[str, Sequence[Sequence[str]]]], ink: Ink = PLAIN) -> str:
    """Return each list as a table; a heading above each where there are several."""
    blocks = []
    for kind, rows in found:
        body = table(rows, ink) if len(rows) > 1 else f"No {plural(kind).replace('-', ' ')}."
        blocks.append(f"{ink.paint(plural(kind), 'bold')}\n{body}" if len(found) > 1 else body)
    return "\n\n".join(blocks)


def json_of(found: Items, more: str | None = None) -> str:
    """Return all of them as one JSON object with a format version.

    Args:
        found: The lists.
        more: What the next page goes on behind; None where there is none.
    """
    items = [item for _, things in found for item in things.values()]
    kind = found[0][0] if len(found) == 1 else "all"
    told = {"formatVersion": 1, "kind": kind, "items": items}
    return to_json({**told, "next": more} if kind in ("Run", "all") else told)


def yaml_of(found: Items) -> str:
    """Return one YAML document for each of them."""
    return "---\n".join(to_yaml(item) for _, things in found for item in things.values())


def names_of(found: Items) -> str:
    """Return one ``kind/name`` a line, as `courier describe` takes it."""
    return "\n".join(f"{singular(kind)}/{name}" for kind, things in found for name in things)
