"""Files that come with courier: the committed schemas and the examples.

For: finding them in a checkout and in an installed package alike, without loading anything.
Not for: anything a person or a run writes.
"""

# Without pathlib, which `validate` does not load.
import os

PACKAGE = os.path.dirname(os.path.abspath(__file__))


def shipped(folder: str) -> str:
    """Return the path of a shipped folder, ``schemas`` or ``examples``.

    A wheel carries it inside the package, a checkout has it beside the package.
    """
    inside = f"{PACKAGE}/_data/{folder}"
    return inside if os.path.isdir(inside) else f"{os.path.dirname(PACKAGE)}/{folder}"


def schema_text(kind: str) -> bytes:
    """Return the committed JSON Schema of a kind, e.g. ``WorkChain`` or ``any``."""
    kebab = "".join(f"-{c.lower()}" if c.isupper() else c for c in kind).lstrip("-")
    with open(f"{shipped('schemas')}/{kebab}.json", "rb") as file:
        return file.read()


def schema_stamp() -> str:
    """Return a text that changes whenever a schema does."""
    with os.scandir(shipped("schemas")) as entries:
        stats = sorted((entry.name, entry.stat()) for entry in entries)
    return " ".join(f"{name}:{found.st_size}:{found.st_mtime_ns}" for name, found in stats)
