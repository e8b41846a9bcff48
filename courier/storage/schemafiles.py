"""Where the committed JSON Schemas are: beside the package's data, or in the checkout."""

import os


def schema_folder() -> str:
    """Return the folder that holds one JSON Schema per kind."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    shipped = f"{package}/_data/schemas"
    return shipped if os.path.isdir(shipped) else f"{os.path.dirname(package)}/schemas"  # noqa: PTH112, PTH120


def read_schema(kind: str) -> bytes:
    """Return the text of a kind's JSON Schema."""
    name = "".join(f"-{sign.lower()}" if sign.isupper() else sign for sign in kind).lstrip("-")
    with open(f"{schema_folder()}/{name}.json", "rb") as file:  # noqa: PTH123
        return file.read()


def schema_stamp() -> str:
    """Return a text that changes whenever a schema does."""
    with os.scandir(schema_folder()) as entries:
        stats = sorted((entry.name, entry.stat()) for entry in entries)
    return " ".join(f"{name}:{found.st_size}:{found.st_mtime_ns}" for name, found in stats)
