"""The envelope of every document: apiVersion, kind, metadata, spec."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from courier.resources.model import Model
from courier.resources.rules import Rule
from courier.resources.values import Name, ref

API_VERSION = "courier/v1"
DOCUMENT = "document"
"""The validation context that says: this was written by a person, so null means a slip."""


class Spec(Model):
    """A part of a document. Rules across its fields stand in `RULES`."""

    RULES: ClassVar[tuple[Rule, ...]] = ()

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_null(cls, value: object, info: ValidationInfo) -> object:
        if value is None and info.context == DOCUMENT:
            raise PydanticCustomError("null", "Write a value or remove the line.")
        return value

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        written = {
            field.alias or name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if self.RULES and name in self.model_fields_set and getattr(self, name) is not None
        }
        for rule in self.RULES:
            if wrong := rule.broken(written):
                context = {"pointer": list(wrong.pointer), "because": wrong.message}
                raise PydanticCustomError("rule", "{because}", context)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the generated schema with the rules across fields added."""
        made = handler(core_schema)
        body = handler.resolve_ref_schema(made)
        if cls.RULES:
            body["allOf"] = [rule.schema() for rule in cls.RULES]
        body["properties"] = dict(
            sorted(body["properties"].items(), key=lambda item: item[0] in cls._last())
        )
        return made

    @classmethod
    def _last(cls) -> frozenset[str]:
        """Return the fields that are better read last, by their names in YAML."""
        return frozenset()


class Metadata(Spec):
    """What identifies a resource."""

    name: Name
    """Its name, unique among resources of its kind: lower-case letters, digits and dashes."""
    project: Annotated[str, ref("Project")] | None = None
    """The Project it belongs to; may be left out where there is only one."""
    labels: dict[str, Annotated[str, Field(max_length=200)]] = Field(default_factory=dict)
    """Short texts to select resources by; they are copied to sandboxes and records."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """Notes for people and other tools; courier does not read them."""


class Resource(Spec):
    """A validated document."""

    api_version: Literal["courier/v1"]
    """The version of the resource format, always `courier/v1`."""
    kind: str
    """Which kind of resource this is."""
    metadata: Metadata
    """What identifies the resource."""
    spec: Any
    """What is wanted."""
