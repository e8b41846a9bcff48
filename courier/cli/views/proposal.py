"""One pull request in full, and a diff, for people."""

from courier.cli.views.figures import clock
from courier.cli.views.ink import PLAIN, Ink, columns, safe, safe_lines
from courier.runs.pullrequests.checks import Check, Checks
from courier.runs.pullrequests.pullrequest import PullRequest

_TONES = {"success": "green", "failure": "red", "cancelled": "red", "pending": "yellow"}


def told(pull: PullRequest, ink: Ink = PLAIN, *, checks: Checks | None = None) -> str:
    """Return a pull request with its text, and what is known of its newest commit's checks."""
    draft = " (draft)" if pull.draft else ""
    rows = [
        ("Status", f"{pull.status}{draft}"),
        ("Run", pull.run),
        ("Branch", f"{pull.branch} {pull.head[:10]} → {pull.base}"),
        ("Opened", f"{clock(pull.created_at)} UTC"),
        ("Labels", ", ".join(pull.labels)),
        ("Reviewers", ", ".join(pull.reviewers)),
        ("Merges", _by_itself(pull)),
        ("Merged as", pull.merge_commit or ""),
        ("Decided by", pull.decided_by or ""),
        ("URL", pull.url or ""),
    ]
    head = ink.paint(f"#{pull.number} {safe(pull.title)}", "bold")
    fields = [
        f"{ink.paint(f'{name}:'.ljust(12), 'dim')} {safe(text)}" for name, text in rows if text
    ]
    return "\n".join([head, *fields, *_checks(checks, ink), "", safe_lines(pull.body)])


def _by_itself(pull: PullRequest) -> str:
    if pull.status != "created" or pull.auto_merge is None:
        return ""
    if pull.after_checks is None:
        return "by itself"
    return f"by itself once {', '.join(pull.after_checks) or 'all checks'} are green"


def _checks(checks: Checks | None, ink: Ink) -> list[str]:
    if checks is None or not checks.checks:
        return []
    overall = checks.overall()
    shown = ink.paint(overall, _TONES.get(overall, "dim"))
    first = f"{ink.paint('Checks:'.ljust(12), 'dim')} {shown}"
    return [first, *(f"  {line}" for line in columns([_row(one) for one in checks.checks]))]


def _row(check: Check) -> tuple[str, ...]:
    required = "required" if check.required else ""
    return check.status, safe(check.name), required, safe(check.url or "")


def diff(text: str, ink: Ink = PLAIN) -> str:
    """Return a unified diff, coloured and made safe line by line."""
    return "\n".join(_line(line, ink) for line in text.split("\n"))


def _line(line: str, ink: Ink) -> str:
    shown = safe(line.replace("\t", "    "))
    if line.startswith(("diff ", "index ", "--- ", "+++ ")):
        return ink.paint(shown, "bold")
    tone = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return ink.paint(shown, tone) if tone else shown
