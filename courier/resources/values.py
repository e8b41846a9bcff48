"""The values that fields of many kinds share: names, references, durations, money, paths, days.

Each is exact in the model and in the JSON Schema alike: what one refuses, the other refuses.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from courier.resources.durations import duration_pattern

T = TypeVar("T")

NAME = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
NAME_EXPECTS = "lower-case letters, digits and dashes, at most 63, no dash at either end"
INPUT_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,62}$"
INPUT_NAME_EXPECTS = "letters, digits and underscores, at most 63, a letter first"

_SEGMENT = r"([^/.][^/]*|\.[^/.][^/]*|\.\.[^/]+)"
_PATH = rf"^{_SEGMENT}(/{_SEGMENT})*/?$"
_REF_SEGMENT = r"[A-Za-z0-9_@#+=,][A-Za-z0-9_@#+=,-]*(\.[A-Za-z0-9_@#+=,-]+)*"
_LEAP_YEAR = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
_DAY = (
    r"^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    rf"|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)$"
)


def constrained(
    pattern: str, extra: Mapping[str, JsonValue], *, most: int | None = None
) -> FieldInfo:
    """Return a text constraint whose JSON Schema carries extra keywords."""

    def add(schema: dict[str, JsonValue]) -> None:
        schema.update(extra)

    made: FieldInfo = Field(pattern=pattern, max_length=most, json_schema_extra=add)
    return made


def matching(pattern: str, *, expects: str, most: int | None = None) -> FieldInfo:
    """Return a text constraint.

    Args:
        pattern: The form; it leaves counting to `most`, because long counts are slow to compile.
        expects: Completes the sentence "expected ..." for people.
        most: The most characters.
    """
    return constrained(pattern, {"x-courier-expects": expects}, most=most)


def ref(*kinds: str) -> FieldInfo:
    """Return the constraint of a field that names another resource of one of these kinds."""
    target: JsonValue = kinds[0] if len(kinds) == 1 else list(kinds)
    return constrained(NAME, {"x-courier-ref": target, "x-courier-expects": NAME_EXPECTS})


def lasting(low: str, high: str, *, example: str) -> FieldInfo:
    """Return the constraint of a duration from low to high, both allowed."""
    return matching(
        duration_pattern(low, high), expects=f"a duration from {low} to {high}, such as {example}"
    )


def _to_whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _to_decimal(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return Decimal(repr(value))


def _to_day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else value


def _refuse_empty(items: tuple[T, ...]) -> tuple[T, ...]:
    if not items:
        raise PydanticCustomError("too_short", "Write at least one.")
    return items


def _needs_items() -> FieldInfo:
    # A bound on the tuple itself would count items that are wrong as missing.
    made: FieldInfo = Field(json_schema_extra={"minItems": 1})
    return made


WHOLE = BeforeValidator(_to_whole)
"""Lets ``4.0`` stand for ``4``, as JSON Schema's integer does; put it after the bounds."""

Items = Annotated[tuple[T, ...], Field(strict=False)]
"""A list of values, kept as a tuple."""

SomeItems = Annotated[
    tuple[T, ...], Field(strict=False), AfterValidator(_refuse_empty), _needs_items()
]
"""A list of values that holds at least one."""

Name = Annotated[str, matching(NAME, expects=NAME_EXPECTS)]
"""A DNS-1123 label."""

Text = Annotated[str, Field(min_length=1, max_length=200_000)]
"""Prose that must not be empty."""

Line = Annotated[
    str, matching(r"^[^\r\n]+$", expects="one line of text, at most 500 characters", most=500)
]
"""One line of prose."""

ProviderModel = Annotated[
    str,
    matching(
        r"^(anthropic|openai|openrouter)/[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$",
        expects="anthropic/, openai/ or openrouter/ and a model's name",
    ),
]
"""A model with its provider, e.g. ``anthropic/claude-haiku-4-5``."""

Timeout = Annotated[str, lasting("1m", "4h", example="15m")]
Interval = Annotated[str, lasting("10s", "1h", example="2m")]
"""How long something in a sandbox may take."""

Money = Annotated[
    Decimal,
    Field(ge=0, le=1_000_000),
    BeforeValidator(_to_decimal),
    PlainSerializer(float, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1_000_000}),
]
"""US dollars, a number; up to 15 digits are kept exactly as written."""

Day = Annotated[
    date,
    BeforeValidator(_to_day),
    WithJsonSchema(
        {"type": "string", "pattern": _DAY, "x-courier-expects": "a day such as 2026-11-21"}
    ),
]
"""A calendar day, written ``2026-11-21``."""

EnvName = Annotated[
    str,
    matching(
        r"^[A-Za-z_][A-Za-z0-9_]{0,127}$",
        expects="a variable's name: letters, digits and underscores, no digit first",
    ),
]
"""The name of an environment variable."""

SecretName = Annotated[
    str,
    constrained(
        r"^[A-Za-z_][A-Za-z0-9_]{0,127}$",
        {
            "x-courier-secret": True,
            "x-courier-expects": "a secret's name: letters, digits and underscores",
        },
    ),
]
"""The name of a secret in the operator's environment; never its value."""

CommitId = Annotated[
    str,
    matching(
        r"^[0-9a-f]{7,40}$", expects="a commit's id, or at least its first 7 characters, quoted"
    ),
]
"""A commit, by its id or the beginning of it."""

Branch = Annotated[
    str,
    matching(
        rf"^{_REF_SEGMENT}(/{_REF_SEGMENT})*$", expects="a branch name such as fix/login-redirect"
    ),
]
"""A git branch."""

BranchPrefix = Annotated[
    str,
    matching(
        rf"^{_REF_SEGMENT}(/{_REF_SEGMENT})*/?$", expects="the start of a branch name: courier/"
    ),
]
"""What the names of branches made by courier start with."""

RepositoryPath = Annotated[
    str,
    matching(
        _PATH,
        expects="a path from the repository's root, without a leading slash or `..`",
    ),
]
"""A file or folder in the repository."""

HomePath = Annotated[
    str,
    matching(_PATH, expects="a path from the home folder, without a leading slash or `..`"),
]
"""A file or folder below the home of the user in a sandbox."""

RepositoryUrl = Annotated[
    str,
    matching(
        r"^(https?://[^\s@-][^\s@]*|ssh://([A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9][^\s@]*"
        r"|[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s-][^\s]*"
        r"|file:///[^\r\n]*|\.{0,2}/[^\r\n]*)$",
        expects="an https, ssh or file URL without a password, or a path",
    ),
]
"""Where git finds a repository."""

ModelName = Annotated[
    str,
    matching(
        r"^[A-Za-z0-9][A-Za-z0-9._:/@+\[\]-]{0,199}$", expects="a model's name such as sonnet"
    ),
]
"""A model, by the name its agent knows it by."""

Glob = Annotated[
    str,
    matching(
        r"^[^/\r\n][^\r\n]*$",
        expects="a pattern such as src/**, without a leading slash",
        most=500,
    ),
]
"""A pattern of paths from the repository's root: ``*`` within a folder, ``**`` across."""

Host = Annotated[
    str,
    matching(
        r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        expects="a host such as packages.example.com or *.example.com, in lower case",
    ),
]
"""A host an agent may reach."""

Effort = Literal["low", "medium", "high", "max"]
"""How hard a model should think."""

StepType = Literal[
    "designer",
    "checker",
    "optimizer",
    "prompter",
    "investigator",
    "planner",
    "deepDive",
    "reviewer",
    "evaluator",
    "judge",
    "answerer",
    "merger",
    "custom",
]
"""What a step or persona is for; it chooses the role instructions."""

SessionType = Literal["issue", "answering", "learning", "merging", "evaluator", "judge"]
"""A kind of session that courier starts by itself."""
