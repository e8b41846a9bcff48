"""The Messages protocol: the answer is the input of a tool the model has to call."""

from typing import TYPE_CHECKING

from courier.errors import CourierError, Misconfigured
from courier.llm.faults import fault
from courier.llm.place import Place
from courier.ports.clock import Clock
from courier.ports.models import Answer, Question
from courier.runs.usage.usage import Usage

if TYPE_CHECKING:
    import anthropic
    from anthropic.types import Message

SECONDS = 120.0
"""How long one answer may take."""


async def ask_anthropic(question: Question, *, model: str, at: Place) -> Answer:
    """Return a model's answer; passing faults are tried again twice by the library."""
    # The library takes seconds to import.
    import anthropic

    async with anthropic.AsyncAnthropic(
        api_key=at.key, base_url=at.base_url, timeout=SECONDS
    ) as client:
        try:
            told = await client.messages.create(
                model=model,
                max_tokens=question.max_tokens,
                system=question.system,
                messages=[{"role": "user", "content": question.prompt}],
                tools=[
                    {
                        "name": question.name,
                        "description": "Give your answer.",
                        "input_schema": dict(question.schema),
                    }
                ],
                tool_choice={"type": "tool", "name": question.name},
            )
        except anthropic.APIError as error:
            raise _retyped(error, at.clock) from error
    return _answer(told)


def _answer(told: "Message") -> Answer:
    used = Usage(
        input_tokens=told.usage.input_tokens,
        output_tokens=told.usage.output_tokens,
        cache_read_tokens=told.usage.cache_read_input_tokens or 0,
        cache_write_tokens=told.usage.cache_creation_input_tokens or 0,
    )
    for block in told.content:
        if block.type == "tool_use" and isinstance(block.input, dict):
            return Answer(block.input, used)
    raise Misconfigured(
        "The model did not answer in the form asked for.", detail=str(told.stop_reason)
    )


def _retyped(error: "anthropic.APIError", clock: Clock) -> CourierError:
    import anthropic

    answered = error if isinstance(error, anthropic.APIStatusError) else None
    return fault(
        str(error),
        status=answered.status_code if answered else None,
        retry_after=answered.response.headers.get("retry-after") if answered else None,
        now=clock.now(),
    )
