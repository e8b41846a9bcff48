"""As much of the language of GraphQL as it takes to answer queries field by field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'\.\.\.|"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|-?\d+|[{}()\[\]:$!=,]')


@dataclass
class Field:
    name: str
    alias: str
    arguments: dict[str, Any] = field(default_factory=dict)
    inside: list["Field"] = field(default_factory=list)


@dataclass
class Parsed:
    """The one operation of a document, and its fragments."""

    operation: str
    fields: list[Field]
    fragments: dict[str, list[Field]]


class Parser:
    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self._tokens: list[str] = [one for one in _TOKEN.findall(text) if one != ","]
        self._variables = variables

    def parse(self) -> Parsed:
        parsed = Parsed("query", [], {})
        while self._tokens:
            word = self._take()
            if word == "fragment":
                name = self._take()
                self._tokens = self._tokens[2:]
                parsed.fragments[name] = self._selection()
                continue
            parsed.operation = word
            while self._tokens[0] != "{":
                self._take()
                if self._tokens[0] == "(":
                    self._skip()
            parsed.fields = self._selection()
        return parsed

    def _take(self, wanted: str = "") -> str:
        token = self._tokens.pop(0)
        if wanted and token != wanted:
            raise ValueError(f"{token} in place of {wanted}")
        return token

    def _skip(self) -> None:
        depth = 0
        while True:
            depth += {"(": 1, ")": -1}.get(self._take(), 0)
            if not depth:
                return

    def _selection(self) -> list[Field]:
        self._take("{")
        found = []
        while self._tokens[0] != "}":
            found.append(self._field())
        self._take("}")
        return found

    def _field(self) -> Field:
        name = self._take()
        if name == "...":
            word = self._take()
            if word == "on":
                return Field("...on", self._take(), inside=self._selection())
            return Field("...", word)
        alias = name
        if self._tokens[0] == ":":
            self._take()
            name = self._take()
        found = Field(name, alias)
        if self._tokens[0] == "(":
            found.arguments = self._pairs("(", ")")
        if self._tokens[0] == "{":
            found.inside = self._selection()
        return found

    def _pairs(self, first: str, last: str) -> dict[str, Any]:
        self._take(first)
        found = {}
        while self._tokens[0] != last:
            key = self._take()
            self._take(":")
            found[key] = self._value()
        self._take(last)
        return found

    def _value(self) -> Any:
        token = self._tokens[0]
        if token == "{":
            return self._pairs("{", "}")
        if token == "[":
            self._take()
            found = []
            while self._tokens[0] != "]":
                found.append(self._value())
            self._take("]")
            return found
        self._take()
        if token == "$":
            return self._variables[self._take()]
        if token.lstrip("-").isdigit():
            return int(token)
        return {"true": True, "false": False, "null": None}.get(token, token.strip('"'))


def chosen(value: Any, fields: list[Field], fragments: dict[str, list[Field]]) -> Any:
    """Return what a selection takes of a value, in which functions take arguments."""
    if value is None:
        return None
    if isinstance(value, list):
        return [chosen(one, fields, fragments) for one in value]
    return _taken(value, fields, fragments) if fields else value


def _taken(value: Any, fields: list[Field], fragments: dict[str, list[Field]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in fields:
        if one.name == "...":
            found |= chosen(value, fragments[one.alias], fragments)
        elif one.name == "...on":
            is_so = value.get("__typename", one.alias) == one.alias
            found |= chosen(value, one.inside, fragments) if is_so else {}
        else:
            if one.name not in value:
                raise KeyError(f"Field '{one.name}' doesn't exist")
            inner = value[one.name]
            inner = inner(**one.arguments) if callable(inner) else inner
            found[one.alias] = chosen(inner, one.inside, fragments)
    return found
