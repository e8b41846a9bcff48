"""One pull request in full, and a diff, for people."""

from courier.cli.views.figures import clock
from courier.cli.views.ink import PLAIN, Ink, safe, safe_lines
from courier.runs.pullrequest import PullRequest


def told(pull: PullRequest, ink: Ink = PLAIN) -> str:
    """Return a pull request with its text."""
    draft = " (draft)" if pull.draft else ""
    rows = [
        ("Status", f"{pull.status}{draft}"),
        ("Run", pull.run),
        ("Branch", f"{pull.branch} {pull.head[:10]} → {pull.base}"),
        ("Opened", f"{clock(pull.created_at)} UTC"),
        ("Labels", ", ".join(pull.labels)),
        ("Reviewers", ", ".join(pull.reviewers)),
        ("Merged as", pull.merge_commit or ""),
        ("Decided by", pull.decided_by or ""),
        ("URL", pull.url or ""),
    ]
    head = ink.paint(f"#{pull.number} {safe(pull.title)}", "bold")
    fields = [
        f"{ink.paint(f'{name}:'.ljust(12), 'dim')} {safe(text)}" for name, text in rows if text
    ]
    return "\n".join([head, *fields, "", safe_lines(pull.body)])


def diff(text: str, ink: Ink = PLAIN) -> str:
    """Return a unified diff, coloured and made safe line by line."""
    return "\n".join(_line(line, ink) for line in text.split("\n"))


def _line(line: str, ink: Ink) -> str:
    shown = safe(line.replace("\t", "    "))
    if line.startswith(("diff ", "index ", "--- ", "+++ ")):
        return ink.paint(shown, "bold")
    tone = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return ink.paint(shown, tone) if tone else shown
