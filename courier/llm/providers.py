"""The providers by name: whose protocol they speak, where they are, and which key they take."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from courier.errors import Misconfigured
from courier.llm.anthropic import ask_anthropic
from courier.llm.openai import ask_openai
from courier.llm.place import Place
from courier.ports.clock import Clock
from courier.ports.models import Answer, Question
from courier.ports.secrets import Secrets


class Ask(Protocol):
    """Asks one model of one provider."""

    async def __call__(self, question: Question, *, model: str, at: Place) -> Answer:
        """Return the answer."""
        ...


class Provider(NamedTuple):
    """One provider.

    Attributes:
        ask: Speaks its protocol.
        key: The name of the secret that is its key.
        base_url: The variable that says where it is, if not in the usual place.
        usual: Where it is if that variable is not set; None leaves it to its library.
    """

    ask: Ask
    key: str
    base_url: str
    usual: str | None = None


PROVIDERS: Mapping[str, Provider] = {
    "anthropic": Provider(ask_anthropic, "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    "openai": Provider(ask_openai, "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "openrouter": Provider(
        ask_openai, "OPENROUTER_API_KEY", "OPENROUTER_BASE_URL", "https://openrouter.ai/api/v1"
    ),
}
"""Provider to how it is asked."""


class Providers:
    """Asks whichever provider a question names.

    Args:
        secrets: Holds the keys.
        addresses: Variables that say where providers are.
        clock: Tells when an answer came.
    """

    def __init__(self, secrets: Secrets, addresses: Mapping[str, str], clock: Clock) -> None:
        self._secrets = secrets
        self._clock = clock
        self._addresses = addresses

    async def ask(self, question: Question) -> Answer:
        """Return the answer of the model that the question names."""
        name, _, model = question.model.partition("/")
        provider = PROVIDERS.get(name)
        if provider is None or not model:
            raise Misconfigured(
                "The model is not named as `provider/model`.",
                detail=f"It is {question.model!r}.",
                next_step=f"The providers are: {', '.join(PROVIDERS)}.",
            )
        key = self._secrets.resolve([provider.key])[provider.key]
        base_url = self._addresses.get(provider.base_url, provider.usual)
        return await provider.ask(question, model=model, at=Place(key, base_url, self._clock))
