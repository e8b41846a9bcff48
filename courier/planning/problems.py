"""Making diagnostics about documents: shorthand for errors, warnings and suggestions."""

from collections.abc import Iterable

from courier.diagnostics import Diagnostic, Position, Severity

_LONGEST_QUOTE = 60


def error(code: str, summary: str, detail: str, at: Position | None) -> Diagnostic:
    """Return a problem that refuses its document."""
    return Diagnostic(Severity.ERROR, code, summary, detail, at)


def warning(code: str, summary: str, detail: str, at: Position | None) -> Diagnostic:
    """Return a problem that does not refuse its document."""
    return Diagnostic(Severity.WARNING, code, summary, detail, at)


def quoted(value: object) -> str:
    """Return a value as a person would write it in YAML, shortened to fit a sentence."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "`true`" if value else "`false`"
        case int() | float():
            return f"`{shortened(str(value))}`"
        case str():
            return f'"{shortened(value)}"'
        case list():
            return "a list"
        case _:
            return "a mapping"


def shortened(text: str) -> str:
    """Return text on one line, cut to a readable length."""
    line = " ".join(text.split())
    printable = "".join(
        sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line
    )
    return printable if len(printable) <= _LONGEST_QUOTE else f"{printable[:_LONGEST_QUOTE]}…"


def either(options: Iterable[object]) -> str:
    """Return options as a sentence part: ``a, b or c``."""
    words = [str(option) for option in options]
    return " or ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def suggestion(written: str, known: Iterable[str]) -> str:
    """Return ``Did you mean "x"?`` for the likeliest known word, or nothing."""
    nearest = closest(written, known)
    return f' Did you mean "{nearest}"?' if nearest else ""


def closest(written: str, known: Iterable[str]) -> str | None:
    """Return the known word most like the one written, if one is close enough."""
    # difflib costs as much to import as a small catalog costs to check.
    from difflib import get_close_matches

    folded = {_folded(word): word for word in sorted(known, reverse=True)}
    if _folded(written) in folded:
        return folded[_folded(written)]
    found = get_close_matches(_folded(written[:100]), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def _folded(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")
