"""`courier validate` without click: arguments, the verdict in two renderers, the exit code."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, NamedTuple

from courier.storage.validation import Told, Verdict, validate_tree
from courier.storage.workingtree import find_root

_HINT = "Run `courier validate --help`."


class Wish(NamedTuple):
    """What was asked for on the command line."""

    path: str = "."
    output: str = "text"
    color: str = "auto"
    use_cache: bool = True


class Place(NamedTuple):
    """Where the command was started: folder, environment, and courier's state folder."""

    cwd: str
    environment: Mapping[str, str]
    state_folder: str


class Streams(NamedTuple):
    """Where output goes: data, and what people read beside it."""

    out: IO[str]
    err: IO[str]


def run(argv: Sequence[str], place: Place, streams: Streams | None = None) -> int:
    """Validate as the arguments after `validate` say; return the exit code.

    Args:
        argv: The arguments.
        place: Where the command was started.
        streams: Where to write; the process's own by default.
    """
    told = streams or Streams(sys.stdout, sys.stderr)
    wish = parse(argv)
    if isinstance(wish, str):
        told.err.write(f"Error: {wish} {_HINT}\n")
        return 2
    return judge(wish, place, told)


def judge(wish: Wish, place: Place, streams: Streams) -> int:
    """Validate and show the verdict; return the exit code."""
    start = os.path.join(place.cwd, wish.path)  # noqa: PTH118
    root = find_root(start) if os.path.exists(start) else None  # noqa: PTH110
    if root is None:
        said = f"there is no .courier/ in {_clean(wish.path)} or above it. Run `courier init`."
        streams.err.write(f"Error: {said}\n")
        return 2
    cache = f"{place.state_folder}/validate" if wish.use_cache else None
    verdict = validate_tree(root, environment=place.environment, cache_folder=cache)
    if verdict.counts.get("Learning"):
        from courier.cli.learning_notes import with_notes

        verdict = with_notes(verdict, root)
    if wish.output == "json":
        streams.out.write(to_json(verdict))
    else:
        in_color = _in_color(wish.color, place.environment, streams.err)
        streams.err.writelines(lines(verdict, root, in_color=in_color))
        streams.err.flush()
        streams.out.write(f"{summary(verdict)}\n")
    return 0 if verdict.is_valid else 1


def parse(argv: Sequence[str]) -> Wish | str:
    """Return what the arguments ask for, or what is wrong with them."""
    wish, paths = Wish(), []
    words = list(argv)
    while words:
        word = words.pop(0)
        name, _, value = word.partition("=")
        if name in ("-o", "--output", "--color"):
            if not value and not words:
                return f"{name} needs a value."
            given = value or words.pop(0)
            wish = wish._replace(color=given) if name == "--color" else wish._replace(output=given)
        elif word == "--no-cache":
            wish = wish._replace(use_cache=False)
        elif word.startswith("-") and word != "-":
            return f"there is no option {word}."
        else:
            paths.append(word)
    return _checked(wish, paths)


def _checked(wish: Wish, paths: Sequence[str]) -> Wish | str:
    if wish.output not in ("text", "json"):
        return f"output is text or json, not {wish.output!r}."
    if wish.color not in ("auto", "always", "never"):
        return f"color is auto, always or never, not {wish.color!r}."
    if len(paths) > 1:
        return "give one PATH."
    return wish._replace(path=paths[0]) if paths else wish


def summary(verdict: Verdict) -> str:
    """Return the last line: how many documents, how many problems."""
    count = _counted(sum(verdict.counts.values()), "document")
    found = verdict.diagnostics
    if not found:
        return f"{count}, no problems."
    files = _counted(len({told[4] for told in found}), "file")
    return f"{count} valid, {_counted(len(found), 'problem')} in {files}."


def to_json(verdict: Verdict) -> str:
    """Return the verdict as JSON, one line."""
    import json

    names = ("severity", "code", "summary", "detail", "file", "line", "column")
    found = {
        "formatVersion": 1,
        "valid": verdict.is_valid,
        "documents": sum(verdict.counts.values()),
        "diagnostics": [dict(zip(names, told, strict=True)) for told in verdict.diagnostics],
    }
    return json.dumps(found) + "\n"


def lines(verdict: Verdict, root: str, *, in_color: bool) -> Iterator[str]:
    """Yield each problem for people: where, what, why, and the line it is about."""
    texts: dict[str, list[str]] = {}
    for told in verdict.diagnostics:
        severity, code, said, detail, file, line, column = told
        paint = _PAINT if in_color else _PLAIN
        tone = paint["red" if severity == "error" else "yellow"]
        yield f"{paint['bold']}{_clean(file)}:{line}:{column}{paint['off']} "
        yield f"{tone}{severity}{paint['off']} {said} [{code}]\n"
        if detail:
            yield f"  {_clean(detail)}\n"
        yield from _excerpt(root, told, texts)


_PLAIN = dict.fromkeys(("bold", "red", "yellow", "off"), "")
_PAINT = {"bold": "\x1b[1m", "red": "\x1b[31m", "yellow": "\x1b[33m", "off": "\x1b[0m"}
_WIDEST = 120


def _excerpt(root: str, told: Told, texts: dict[str, list[str]]) -> Iterator[str]:
    *_, file, line, column = told
    if file not in texts:
        texts[file] = _lines_of(f"{root}/{file}")
    if not 0 < line <= len(texts[file]):
        return
    text = texts[file][line - 1]
    start = max(0, column - _WIDEST // 2)
    shown = _clean(text[start : start + _WIDEST].replace("\t", " "))
    number = str(line)
    yield f"  {number} | {shown}\n"
    yield f"  {' ' * len(number)} | {' ' * (column - 1 - start)}^\n"


def _lines_of(path: str) -> list[str]:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            text = file.read(1 << 21).decode("utf-8-sig", "replace")
    except OSError:
        return []
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _clean(text: str) -> str:
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _in_color(color: str, environment: Mapping[str, str], stream: IO[str]) -> bool:
    if color != "auto":
        return color == "always"
    plain = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
    return not plain and stream.isatty()


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
