"""One document in full, for people."""

from courier.cli.views.ink import PLAIN, Ink, safe, safe_lines
from courier.planning.documents.manifest import Document
from courier.planning.yaml.blocks import to_yaml


def told(document: Document, project: str, ink: Ink = PLAIN) -> str:
    """Return where a document stands and what it says."""
    rows = [
        ("Document", str(document.ref)),
        ("Project", project),
        ("File", str(document.position(()))),
        ("Digest", document.digest[:12]),
    ]
    fields = [
        f"{ink.paint(f'{name}:'.ljust(10), 'dim')} {safe(text)}" for name, text in rows if text
    ]
    return "\n".join([*fields, "", safe_lines(to_yaml(document.value))])
