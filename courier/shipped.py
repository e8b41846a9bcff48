"""Files that come with courier: the committed schemas and the examples.

For: finding them in a checkout and in an installed package alike.
Not for: anything a person or a run writes.
"""

from pathlib import Path

PACKAGE = Path(__file__).parent


def shipped(folder: str) -> Path:
    """Return a shipped folder, ``schemas`` or ``examples``.

    A wheel carries it inside the package, a checkout has it beside the package.
    """
    inside = PACKAGE / "_data" / folder
    return inside if inside.is_dir() else PACKAGE.parent / folder


def schema_text(kind: str) -> bytes:
    """Return the committed JSON Schema of a kind, e.g. ``WorkChain`` or ``any``."""
    kebab = "".join(f"-{c.lower()}" if c.isupper() else c for c in kind).lstrip("-")
    return (shipped("schemas") / f"{kebab}.json").read_bytes()
