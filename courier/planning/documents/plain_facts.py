"""The short way from a file to its facts: one plain document that nothing is to be said about.

Most files are like that. The passes and the rules are those of `read_manifest`; what is left out
is all that only a message needs. Whatever is not like that is left to `read_manifest`.
"""

from collections.abc import Mapping
from typing import Any

from courier.diagnostics import Diagnostic, Position
from courier.planning.documents.facts import FileFacts, document_facts
from courier.planning.documents.inside import RULED, problems_inside
from courier.planning.documents.lacking import may_lack
from courier.planning.documents.manifest import KINDS, Schemas
from courier.planning.documents.sources import YAML_ENDINGS
from courier.planning.documents.unused import holds_unused, may_name_unused
from courier.planning.yaml.gate import decode
from courier.planning.yaml.text import plain_value


def plain_facts(path: str, data: bytes, schemas: Schemas) -> FileFacts | None:
    """Return the facts of a file without a problem or warning; None for `read_manifest` to tell.

    Args:
        path: The path below ``.courier/``, of a file that holds documents.
        data: What the file holds.
        schemas: The schemas to hold it against.
    """
    text = decode(path, data) if path.endswith(YAML_ENDINGS) else None
    if text is None or isinstance(text, Diagnostic):
        return None
    value = plain_value(text)
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str) or kind not in KINDS:
        return None
    found = schemas.of(kind)
    try:
        if not found.validator.is_valid(value):
            return None
    except ValueError:
        return None
    # The words of plain text stand there as they are: looking for them costs less than a walk.
    if may_name_unused(kind, text) and holds_unused(value):
        return None
    if kind in RULED and any(problems_inside(value, lambda _: Position(path))):
        return None
    if "schedule" in value["spec"] and _is_odd(value):
        return None
    facts = document_facts(value, found.references)
    return None if may_lack(kind, facts[3]) else ((facts,), (), ())


def _is_odd(value: Mapping[str, Any]) -> bool:
    from courier.planning.documents.timing import closest

    return closest(value) is not None
