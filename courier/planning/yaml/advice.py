"""What to tell people when libyaml cannot go on: where it went wrong, and what that often means."""

from yaml import YAMLError

from courier.diagnostics import Diagnostic, Position
from courier.planning.problems import error
from courier.planning.yaml.gate import Chunk

_OPEN = {
    "could not find expected ':'",
    "did not find expected ',' or ']'",
    "did not find expected ',' or '}'",
    "did not find expected node content",
    "found unexpected end of stream",
}
_ADVICE = {
    "mapping values are not allowed in this context": (
        "There is a second colon, or the indentation is off. Put text that holds `: ` in quotes."
    ),
    "could not find expected ':'": "Write `key: value`, with a space after the colon.",
    "did not find expected key": "The indentation is off, or a quote or bracket is left open.",
    "did not find expected ',' or ']'": "A bracket is left open.",
    "did not find expected ',' or '}'": "A brace is left open.",
    "did not find expected node content": "A bracket or brace is left open.",
    "found unexpected end of stream": "A quote is left open.",
    "found character that cannot start any token": "Put text that starts with it in quotes.",
    "found unknown escape character": "Write `\\\\` for a backslash, or use single quotes.",
}


def unreadable(
    broken: YAMLError, file: str, chunk: Chunk, opened: tuple[int, int] | None
) -> Diagnostic:
    """Return the problem an error of the parser stands for.

    Args:
        broken: The error.
        file: The path people see.
        chunk: The text that was parsed.
        opened: Line and column where the innermost open collection began.
    """
    problem = str(getattr(broken, "problem", None) or "it cannot be read as YAML")
    mark = getattr(broken, "problem_mark", None)
    if mark is None:
        return error("NotYaml", "Not YAML", f"{problem}.", Position(file, chunk.line + 1))
    lines = chunk.text.split("\n")
    written = lines[mark.line] if mark.line < len(lines) else ""
    lead = written[: len(written) - len(written.lstrip())]
    line, column = mark.line + chunk.line + 1, mark.column + 1
    if "\t" in lead:
        detail = "YAML is indented with spaces. Replace the tab with spaces."
        at = Position(file, line, lead.index("\t") + 1)
        return error("TabIndent", "Tab in indentation", detail, at)
    if problem in _OPEN:
        begun = getattr(broken, "context_mark", None)
        if begun is not None and begun.line < mark.line:
            line, column = begun.line + chunk.line + 1, begun.column + 1
        elif problem == "did not find expected node content" and not written and opened:
            line, column = opened
    context = getattr(broken, "context", None)
    said = f"{problem[:1].upper()}{problem[1:]}{f' {context}' if context else ''}."
    advice = _ADVICE.get(problem, "Look at this line and the one before it.")
    return error("NotYaml", "Not YAML", f"{said} {advice}", Position(file, line, column))
