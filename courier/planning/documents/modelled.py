"""Files that are no documents but have a model: what is wrong with them, and where."""

from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from courier.diagnostics import Diagnostic
from courier.planning.documents.sources import Draft
from courier.planning.problems import error, quoted, suggestion
from courier.resources.model import Model


def model_problems(
    draft: Draft, wrong: ValidationError, models: Iterable[type[Model]]
) -> Iterator[Diagnostic]:
    """Yield what a model refuses in a draft, each at its place.

    Args:
        draft: What was read.
        wrong: What the model said.
        models: The model and those in it, for advice about names.
    """
    known = {field.alias or name for model in models for name, field in model.model_fields.items()}
    for each in wrong.errors():
        pointer = tuple(part for part in each["loc"] if part != "[key]")
        at = draft.locate(pointer, at_key=each["type"] == "extra_forbidden")
        name = str(pointer[-1]) if pointer else "the document"
        match each["type"]:
            case "extra_forbidden":
                hint = suggestion(name, sorted(known))
                yield error("UnknownField", "Unknown field", f'There is no "{name}".{hint}', at)
            case "missing":
                yield error("MissingField", "Missing field", f"`{name}` is needed.", at)
            case _:
                told = f"`{name}`: {each['msg']}, found {quoted(each['input'])}."
                yield error("WrongValue", "Wrong value", told, at)
