"""What the gate holds against a bundle, as values."""

from collections.abc import Sequence

from courier.diagnostics import Diagnostic, Severity
from courier.errors import Refused

PROTECTED = "ProtectedPath"
"""The one code a human may overrule."""

_SHOWN = 50


def finding(code: str, summary: str, detail: str = "") -> Diagnostic:
    """Return one broken rule of the gate."""
    return Diagnostic(Severity.ERROR, code, summary, detail)


def refusal(findings: Sequence[Diagnostic]) -> Refused:
    """Return the refusal that tells every finding; protected paths alone may be overruled."""
    weighty = [found for found in findings if found.code != PROTECTED]
    first = (weighty or list(findings))[0]
    told = list(dict.fromkeys(_line(found) for found in (*weighty, *findings)))
    more = len(told) - _SHOWN
    lines = told[:_SHOWN] + ([f"and {more} more."] if more > 0 else [])
    return Refused(first.code, first.summary, detail="\n".join(lines), needs_approval=not weighty)


def _line(found: Diagnostic) -> str:
    return f"{found.code}: {found.summary} {found.detail}".strip()
