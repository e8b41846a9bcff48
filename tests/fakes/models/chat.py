"""The Chat Completions protocol: requests read, turns written whole or as a stream."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.fakes.models.script import Asked, Call, Fail, Say, Think, ToolAnswer, Turn
from tests.fakes.models.told import blocks, count_turns, text_of, without_reminders

PATHS = frozenset({"/chat/completions", "/v1/chat/completions"})

_VOICES = {"assistant": "model", "tool": "tool"}
_STOPS = {"refusal": "content_filter", "length": "length"}


def read(body: Mapping[str, Any]) -> Asked:
    """Return what a request asks."""
    prompts: list[str] = []
    voices: list[str] = []
    answers: list[ToolAnswer] = []
    for message in blocks(body.get("messages")):
        role, said = str(message.get("role")), text_of(message.get("content"))
        if role in _VOICES:
            voices.append(_VOICES[role])
        if role == "tool":
            answers.append(ToolAnswer(id=str(message.get("tool_call_id", "")), text=said))
        elif role == "user" and (prompt := without_reminders(said)):
            voices.append("person")
            prompts.append(prompt)
    turns, since = count_turns(voices)
    return Asked(
        model=str(body.get("model", "")),
        prompts=tuple(prompts),
        answers=tuple(answers),
        turns=turns,
        turns_since_prompt=since,
        has_tools=bool(body.get("tools")),
        body=body,
    )


def whole(turn: Turn, asked: Asked, *, id: str) -> dict[str, Any]:
    """Return the answer to a request without ``stream``."""
    message = {"role": "assistant", "content": None, **_merged(turn, id=id)}
    choice = {"index": 0, "message": message, "finish_reason": _stop(turn)}
    return {**_head(asked, id=id, kind="chat.completion"), "choices": [choice], **_usage(turn)}


def stream(turn: Turn, asked: Asked, *, id: str) -> Iterator[str]:
    """Yield the server-sent events of a turn."""
    head = _head(asked, id=id, kind="chat.completion.chunk")
    for delta in ({"role": "assistant", "content": ""}, *_deltas(turn, id=id)):
        yield _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    last = {"index": 0, "delta": {}, "finish_reason": _stop(turn)}
    yield _event({**head, "choices": [last]})
    yield _event({**head, "choices": [], **_usage(turn)})
    yield "data: [DONE]\n\n"


def error(fail: Fail) -> dict[str, Any]:
    """Return the body of an HTTP error."""
    told = {"message": fail.message, "type": fail.kind, "param": None, "code": fail.kind}
    return {"error": {**told, **fail.details}}


def failure(fail: Fail, *, id: str) -> Iterator[str]:
    """Yield the events of an answer that turns out to be an error."""
    yield _event({"id": id, **error(fail), "choices": []})


def _event(data: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"


def _head(asked: Asked, *, id: str, kind: str) -> dict[str, Any]:
    return {"id": f"chat_{id}", "object": kind, "created": 1_795_305_600, "model": asked.model}


def _deltas(turn: Turn, *, id: str) -> Iterator[dict[str, Any]]:
    calls = 0
    for part in turn.parts:
        match part:
            case Say(text=text):
                half = len(text) // 2
                yield from ({"content": piece} for piece in (text[:half], text[half:]) if piece)
            case Think(text=text):
                yield {"reasoning_content": text}
            case Call():
                yield {"tool_calls": [{"index": calls, **_call(part, id=f"call_{id}_{calls}")}]}
                calls += 1


def _merged(turn: Turn, *, id: str) -> dict[str, Any]:
    text = "".join(part.text for part in turn.parts if isinstance(part, Say))
    thought = "".join(part.text for part in turn.parts if isinstance(part, Think))
    calls = [part for part in turn.parts if isinstance(part, Call)]
    made = [_call(call, id=f"call_{id}_{n}") for n, call in enumerate(calls)]
    told = {"content": text, "reasoning_content": thought, "tool_calls": made}
    return {name: value for name, value in told.items() if value}


def _call(call: Call, *, id: str) -> dict[str, Any]:
    made = {"name": call.tool, "arguments": json.dumps(dict(call.input))}
    return {"id": id, "type": "function", "function": made}


def _stop(turn: Turn) -> str:
    return _STOPS.get(turn.stop) or turn.stop or ("tool_calls" if turn.calls_tools else "stop")


def _usage(turn: Turn) -> dict[str, Any]:
    spent = turn.tokens
    sent = spent.input + spent.cache_read + spent.cache_write
    cached = {"cached_tokens": spent.cache_read, "cache_write_tokens": spent.cache_write}
    return {
        "usage": {
            "prompt_tokens": sent,
            "completion_tokens": spent.output,
            "total_tokens": sent + spent.output,
            "prompt_tokens_details": cached,
            "completion_tokens_details": {"reasoning_tokens": 0},
        }
    }
