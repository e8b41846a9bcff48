"""What a bare word means: the core schema of YAML 1.2, and the habits of YAML 1.1 it ended."""

import re

JsonScalar = str | int | float | bool | None

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ENDLESS = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_OLD_BOOLEAN = re.compile(r"(?i:yes|no|on|off|y|n)")
_OLD_NUMBER = re.compile(r"[-+]?[0-9][0-9_,]*[_,][0-9_,]*(?:\.[0-9_]*)?")

_MAX_DIGITS = 400
_MAX_INTEGER = 2**63 - 1


class NotJson(ValueError):
    """A number that JSON cannot hold: infinite, not a number, or beyond 64 bits."""


def resolve(word: str) -> JsonScalar:
    """Return what an unquoted word stands for.

    Raises:
        NotJson: If it is a number outside of what JSON programs can exchange.
    """
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in "0123456789.+-":
        return word
    if _ENDLESS.fullmatch(word):
        raise NotJson(word)
    if _BASED.fullmatch(word):
        return _bounded(int(word[2:], 8 if word[1] == "o" else 16))
    if _INTEGER.fullmatch(word):
        return _bounded(int(word)) if len(word) <= _MAX_DIGITS else _bounded(_MAX_INTEGER + 1)
    if _FLOAT.fullmatch(word):
        number = float(word)
        if number in (float("inf"), float("-inf")):
            raise NotJson(word)
        return number
    return word


def _bounded(number: int) -> int:
    if not -_MAX_INTEGER - 1 <= number <= _MAX_INTEGER:
        raise NotJson
    return number


def habit(text: str, *, wanted: str) -> str:
    """Return a sentence if a text where ``wanted`` belongs was meant in the YAML 1.1 way.

    Args:
        text: The text that was written.
        wanted: The JSON type the place asks for, such as ``boolean``.
    """
    if wanted == "boolean" and _OLD_BOOLEAN.fullmatch(text):
        meant = "true" if text.lower() in ("yes", "on", "y") else "false"
        return f"In YAML 1.2 `{text}` is text; write {meant}."
    if wanted in ("integer", "number") and _OLD_NUMBER.fullmatch(text):
        return f"In YAML 1.2 `{text}` is text; write {text.replace('_', '').replace(',', '')}."
    return ""
