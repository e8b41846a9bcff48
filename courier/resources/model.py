"""What every serialised value shares: frozen, closed, camelCase outside, snake_case inside."""

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """A frozen value that refuses unknown fields; its fields are camelCase in YAML and JSON."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
        defer_build=True,
    )


def first_fault(broken: ValidationError) -> str:
    """Return the first of what is wrong with a stored value: where, and what."""
    first = broken.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place or 'it'}: {first['msg']}"
