"""The models by kind, loaded when first asked for, and the way from a document to a resource."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from courier.resources.envelope import DOCUMENT, Resource
from courier.resources.names import KIND_MODULES


class _Kinds(Mapping[str, type[Resource]]):
    """Kind to model; a module is imported when one of its kinds is first looked up."""

    def __getitem__(self, kind: str) -> type[Resource]:
        module = import_module(f"courier.resources.{KIND_MODULES[kind]}")
        model: type[Resource] = getattr(module, kind)
        return model

    def __iter__(self) -> Iterator[str]:
        return iter(KIND_MODULES)

    def __len__(self) -> int:
        return len(KIND_MODULES)


KINDS: Mapping[str, type[Resource]] = _Kinds()
"""Kind to its model."""


def read_resource(document: Mapping[str, object]) -> Resource:
    """Return the resource a document of plain JSON values describes.

    Field names are those of YAML only; an explicit null is refused.

    Raises:
        KeyError: If its kind is missing or unknown.
        pydantic.ValidationError: If it does not fit its kind's schema.
    """
    kind = document["kind"]
    if not isinstance(kind, str):
        raise KeyError(kind)
    return KINDS[kind].model_validate(document, by_alias=True, by_name=False, context=DOCUMENT)
