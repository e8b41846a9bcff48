"""Other people's words inside our Markdown: they keep their look and do nothing.

A forge acts on what it reads: it tells people who are named, closes issues, loads pictures, hides
comments, draws links. An invisible character right after the one that begins such a thing keeps
all of it from happening, in running text and in code alike, and whatever it is nested in.
"""

import re
import unicodedata
from typing import Final

STOP: Final = "\u200b"
"""The character without width that is put in between."""

_STARTS: Final = (
    re.compile(r"@(?=\S)"),  # people and teams
    re.compile(r"#(?=[\w&\\])"),  # issues and pull requests
    re.compile(r"\b(?:GH|gh|Gh|gH)-(?=\d)"),
    re.compile(r"<(?=[A-Za-z/!?])"),  # HTML, comments, links between angle brackets
    re.compile(r"&(?=[#A-Za-z])"),  # any of these in other words
    re.compile(r"!(?=\[)"),  # pictures
    re.compile(r"\](?=[(:\[])"),  # links, and what they are defined by
    re.compile(r":(?=//)|\b(?:mailto|xmpp):"),
    re.compile(r"\bwww(?=\.)", re.IGNORECASE),
    re.compile(r"(?:`{3,}|~{3,})[ \t]*(?=mermaid|geojson|topojson|stl|math)", re.IGNORECASE),
    re.compile(r"\[(?=[ xX]\])"),  # boxes to tick
    re.compile(r"\[(?=\^)"),  # footnotes
    re.compile(r"\$(?=[$`])"),  # formulas
)
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_KEPT: Final = frozenset("\n\t\u200c\u200d")


def harmless(text: str) -> str:
    """Return a text that looks the same in Markdown and mentions, links and embeds nothing."""
    plain = "".join(map(_shown, text.replace("\r\n", "\n").replace("\r", "\n")))
    for start in _STARTS:
        plain = start.sub(lambda found: found[0] + STOP, plain)
    return plain


def line(text: str, *, most: int) -> str:
    """Return a harmless text on one line, cut after so many characters."""
    return harmless(shortened(" ".join(text.split()), most=most))


def shortened(text: str, *, most: int) -> str:
    """Return a text of one line cut between words, so that it has so many characters at most."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    whole = cut.rpartition(" ")[0]
    return (whole if len(whole) > most // 2 else cut).rstrip(" ,.;:-") + "…"


def cell(text: str, *, most: int) -> str:
    """Return a harmless text for a cell of a table."""
    return line(text, most=most).replace("\\", "\\\\").replace("|", "\\|").replace("`", "\\`")


def code(text: str, *, most: int = 200) -> str:
    """Return a text in between backticks, whatever backticks it has; for cells too."""
    flat = line(text, most=most).replace("|", "\\|")
    ticks = "`" * (max((len(run) for run in re.findall("`+", flat)), default=0) + 1)
    edge = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{ticks}{edge}{flat}{edge}{ticks}" if flat else ""


def quoted(text: str) -> str:
    """Return a harmless text as a quotation, which nothing in it can end."""
    lines = harmless(text.strip()).splitlines()
    return "\n".join(f"> {each}" if each.strip() else ">" for each in lines)


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    return " " if character in "\v\f\u2028\u2029" else ""
