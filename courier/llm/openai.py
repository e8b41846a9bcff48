"""The Chat Completions protocol, which OpenRouter and many others speak too."""

import json
from typing import TYPE_CHECKING

from courier.errors import CourierError, Misconfigured
from courier.llm.faults import fault
from courier.llm.place import Place
from courier.ports.clock import Clock
from courier.ports.models import Answer, Question
from courier.runs.usage.usage import Usage

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletion

SECONDS = 120.0
"""How long one answer may take."""


async def ask_openai(question: Question, *, model: str, at: Place) -> Answer:
    """Return a model's answer; passing faults are tried again twice by the library."""
    # The library takes seconds to import.
    import openai

    async with openai.AsyncOpenAI(api_key=at.key, base_url=at.base_url, timeout=SECONDS) as client:
        try:
            told = await client.chat.completions.create(
                model=model,
                max_completion_tokens=question.max_tokens,
                messages=[
                    {"role": "system", "content": question.system},
                    {"role": "user", "content": question.prompt},
                ],
                response_format={
                    "type": "json_schema",
                    "json_schema": {
                        "name": question.name,
                        "schema": dict(question.schema),
                        "strict": True,
                    },
                },
            )
        except openai.APIError as error:
            raise _retyped(error, at.clock) from error
    return _answer(told)


def _answer(told: "ChatCompletion") -> Answer:
    try:
        value = json.loads(told.choices[0].message.content or "")
    except (ValueError, IndexError, RecursionError) as broken:
        raise Misconfigured(
            "The model did not answer in the form asked for.", detail=str(broken)
        ) from broken
    if not isinstance(value, dict):
        raise Misconfigured("The model did not answer in the form asked for.")
    return Answer(value, _used(told))


def _used(told: "ChatCompletion") -> Usage:
    usage = told.usage
    if usage is None:
        return Usage()
    details = usage.prompt_tokens_details
    cached = (details.cached_tokens or 0) if details else 0
    return Usage(
        input_tokens=usage.prompt_tokens - cached,
        output_tokens=usage.completion_tokens,
        cache_read_tokens=cached,
    )


def _retyped(error: "openai.APIError", clock: Clock) -> CourierError:
    import openai

    answered = error if isinstance(error, openai.APIStatusError) else None
    return fault(
        str(error),
        status=answered.status_code if answered else None,
        retry_after=answered.response.headers.get("retry-after") if answered else None,
        now=clock.now(),
    )
