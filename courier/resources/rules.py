"""Rules across the fields of one value, each stated once for the model and the JSON Schema."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold: for people what is wrong, and where below the value."""

    message: str
    pointer: tuple[str, ...] = ()


class Rule(Protocol):
    """A rule across fields; names are those of YAML."""

    def schema(self) -> JsonObject:
        """Return the rule as a JSON Schema that reports one error at the place of `broken`."""
        ...

    def broken(self, written: Mapping[str, object]) -> Broken | None:
        """Return what is wrong, given the fields that were written and their values."""
        ...


@dataclass(frozen=True, slots=True)
class AtMostOne:
    """Of these fields no two may be written."""

    fields: tuple[str, ...]

    def schema(self) -> JsonObject:
        """Return it as JSON Schema."""
        said = f"Write only one of {', '.join(self.fields)}."
        return {
            "allOf": [
                {
                    "if": {"required": [first]},
                    "then": {
                        "properties": dict.fromkeys(self.fields[place + 1 :], False),
                        "x-courier-rule": said,
                    },
                }
                for place, first in enumerate(self.fields[:-1])
            ]
        }

    def broken(self, written: Mapping[str, object]) -> Broken | None:
        """Return the first field too many."""
        found = [name for name in self.fields if name in written]
        if len(found) < 2:
            return None
        return Broken(f"Write only one of {', '.join(self.fields)}.", (found[1],))


@dataclass(frozen=True, slots=True)
class ExactlyOne:
    """One of these fields must be written, and no second one."""

    fields: tuple[str, ...]

    def schema(self) -> JsonObject:
        """Return it as JSON Schema."""
        missing: JsonObject = {
            "if": {"not": {"anyOf": [{"required": [name]} for name in self.fields]}},
            "then": {
                "required": [self.fields[0]],
                "x-courier-rule": f"Write one of {', '.join(self.fields)}.",
            },
        }
        return {"allOf": [missing, AtMostOne(self.fields).schema()]}

    def broken(self, written: Mapping[str, object]) -> Broken | None:
        """Return the field too many, or that none is there."""
        if not any(name in written for name in self.fields):
            return Broken(f"Write one of {', '.join(self.fields)}.")
        return AtMostOne(self.fields).broken(written)


@dataclass(frozen=True, slots=True)
class When:
    """If a field is written, or has one of some values, other fields are bound by it.

    Attributes:
        field: The field that decides.
        values: The values that matter; None means: as soon as it is written.
        by_default: Whether its absence counts as one of the values.
        requires: Fields that must then be written.
        forbids: Fields that must then not be written.
        only: Field to the values it may then have.
        count: Field to the least and most items it may then have.
        because: The sentence people read.
    """

    field: str
    because: str
    values: tuple[str, ...] | None = None
    by_default: bool = False
    requires: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    only: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    count: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)

    def schema(self) -> JsonObject:
        """Return it as JSON Schema."""
        given: JsonObject = {}
        if self.values is not None:
            given["properties"] = {self.field: {"enum": list(self.values)}}
        if not self.by_default:
            given["required"] = [self.field]
        properties: JsonObject = dict.fromkeys(self.forbids, False)
        # Without the guard a value of a wrong type would be reported twice.
        properties |= {
            name: {"if": {"type": "string"}, "then": {"enum": list(allowed)}}
            for name, allowed in self.only.items()
        }
        properties |= {
            name: {"minItems": least, "maxItems": most}
            for name, (least, most) in self.count.items()
        }
        then: JsonObject = {"x-courier-rule": self.because}
        if self.requires:
            then["required"] = list(self.requires)
        if properties:
            then["properties"] = properties
        return {"if": given, "then": then}

    def broken(self, written: Mapping[str, object]) -> Broken | None:
        """Return the first field that is bound and does not fit."""
        if not self._applies(written):
            return None
        if any(name not in written for name in self.requires):
            return Broken(self.because)
        wrong = [name for name in self.forbids if name in written]
        wrong += [name for name, ok in self.only.items() if written.get(name, ok[0]) not in ok]
        wrong += [name for name in self.count if not self._fits(name, written)]
        return Broken(self.because, (wrong[0],)) if wrong else None

    def _applies(self, written: Mapping[str, object]) -> bool:
        if self.field not in written:
            return self.by_default
        return self.values is None or written[self.field] in self.values

    def _fits(self, name: str, written: Mapping[str, object]) -> bool:
        least, most = self.count[name]
        found = written.get(name)
        return not isinstance(found, tuple) or least <= len(found) <= most


@dataclass(frozen=True, slots=True)
class SomeItem:
    """A list must hold an item whose field has a value, of those it can have."""

    field: str
    item_field: str
    value: str
    others: tuple[str, ...]
    because: str

    def schema(self) -> JsonObject:
        """Return it as JSON Schema."""
        # An item that is wrong in itself is reported by itself, so it counts as the one wanted.
        other = {
            "type": "object",
            "properties": {self.item_field: {"enum": list(self.others)}},
            "required": [self.item_field],
        }
        some = {"contains": {"not": other}, "x-courier-rule": self.because}
        return {"properties": {self.field: some}}

    def broken(self, written: Mapping[str, object]) -> Broken | None:
        """Return the list if it holds no such item."""
        items = written.get(self.field)
        if not isinstance(items, tuple):
            return None
        found = any(getattr(item, self.item_field, None) == self.value for item in items)
        return None if found else Broken(self.because, (self.field,))
