"""Language models asked directly, without an agent: one question, one answer in a given form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from courier.runs.usage.usage import Usage


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked.

    Attributes:
        model: ``provider/model``, e.g. ``anthropic/claude-haiku-4-5``; the provider is the part
            before the first slash.
        system: What it is told it is.
        prompt: The question.
        name: A word for the answer's form, e.g. ``score``.
        schema: The JSON Schema of the answer, an object.
        max_tokens: How long the answer may be.
    """

    model: str
    system: str
    prompt: str
    name: str
    schema: Mapping[str, Any]
    max_tokens: int = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered; ``value`` is an object that is yet to be checked."""

    value: Mapping[str, Any]
    usage: Usage


class LanguageModels(Protocol):
    """The providers of models."""

    async def ask(self, question: Question) -> Answer:
        """Return the answer; asked again after a kill, the model is asked again.

        Raises:
            MissingSecret: If the provider's key has no value here.
            Misconfigured: If there is no such provider or model, the key is not accepted, or the
                model does not answer in the form asked for.
            RateLimited: If the provider asks us to wait.
            Unavailable: If it does not answer.
        """
        ...
