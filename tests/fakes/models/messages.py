"""The Anthropic Messages protocol: requests read, turns written whole or as a stream."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.fakes.models.script import Asked, Call, Fail, Part, Say, Think, ToolAnswer, Turn
from tests.fakes.models.told import blocks, without_reminders

PATHS = frozenset({"/v1/messages"})
COUNT_PATH = "/v1/messages/count_tokens"


def read(body: Mapping[str, Any]) -> Asked:
    """Return what a request asks."""
    prompts: list[str] = []
    answers: list[ToolAnswer] = []
    turns = since = 0
    for message in body.get("messages", ()):
        parts = blocks(message.get("content"))
        if message.get("role") == "assistant":
            turns, since = turns + 1, since + 1
        elif message.get("role") == "user":
            answers += [_answer(block) for block in parts if block.get("type") == "tool_result"]
            said = _said(parts)
            if said:
                prompts.append(said)
                since = 0
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
    return {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": [_block(part, id=f"toolu_{id}_{n}") for n, part in enumerate(turn.parts)],
        "stop_reason": _stop(turn),
        "stop_sequence": None,
        "usage": _usage(turn, output=turn.tokens.output),
    }


def stream(turn: Turn, asked: Asked, *, id: str) -> Iterator[str]:
    """Yield the server-sent events of a turn."""
    for name, data in _events(turn, asked, id=id):
        yield _event(name, data)


def error(fail: Fail) -> dict[str, Any]:
    """Return the body of an HTTP error."""
    told = {"type": fail.kind, "message": fail.message, **fail.details}
    return {"type": "error", "error": told}


def failure(fail: Fail, *, id: str) -> Iterator[str]:
    """Yield the events of an answer that turns out to be an error."""
    start = {"id": id, "type": "message", "role": "assistant", "model": "", "content": []}
    none = {"stop_reason": None, "stop_sequence": None}
    used = {"input_tokens": 0, "output_tokens": 0}
    yield _event("message_start", {"message": {**start, **none, "usage": used}})
    yield _event("error", error(fail))


def _event(name: str, data: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n"


def _events(turn: Turn, asked: Asked, *, id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    start = {**whole(turn, asked, id=id), "content": [], "stop_reason": None}
    yield "message_start", {"message": {**start, "usage": _usage(turn, output=1)}}
    for index, part in enumerate(turn.parts):
        empty, deltas = _streamed(part, id=f"toolu_{id}_{index}")
        yield "content_block_start", {"index": index, "content_block": empty}
        for delta in deltas:
            yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    yield (
        "message_delta",
        {
            "delta": {"stop_reason": _stop(turn), "stop_sequence": None},
            "usage": {"output_tokens": turn.tokens.output},
        },
    )
    yield "message_stop", {}


def _said(parts: list[dict[str, Any]]) -> str:
    texts = [str(block.get("text", "")) for block in parts if block.get("type") == "text"]
    return "\n".join(kept for text in texts if (kept := without_reminders(text)))


def _answer(block: Mapping[str, Any]) -> ToolAnswer:
    texts = [str(part.get("text", "")) for part in blocks(block.get("content"))]
    return ToolAnswer(
        id=str(block.get("tool_use_id", "")),
        text="\n".join(texts),
        is_error=bool(block.get("is_error")),
    )


def _block(part: Part, *, id: str) -> dict[str, Any]:
    match part:
        case Say(text=text):
            return {"type": "text", "text": text}
        case Think(text=text):
            return {"type": "thinking", "thinking": text, "signature": "c2lnbmVk"}
        case Call(tool=tool, input=given):
            return {"type": "tool_use", "id": id, "name": tool, "input": dict(given)}


def _streamed(part: Part, *, id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    block = _block(part, id=id)
    match part:
        case Say(text=text):
            half = len(text) // 2
            pieces = [piece for piece in (text[:half], text[half:]) if piece]
            return {**block, "text": ""}, [{"type": "text_delta", "text": p} for p in pieces]
        case Think(text=text):
            return {**block, "thinking": "", "signature": ""}, [
                {"type": "thinking_delta", "thinking": text},
                {"type": "signature_delta", "signature": block["signature"]},
            ]
        case Call(input=given):
            return {**block, "input": {}}, [
                {"type": "input_json_delta", "partial_json": json.dumps(dict(given))}
            ]


def _stop(turn: Turn) -> str:
    stop = "max_tokens" if turn.stop == "length" else turn.stop
    return stop or ("tool_use" if turn.calls_tools else "end_turn")


def _usage(turn: Turn, *, output: int) -> dict[str, int]:
    return {
        "input_tokens": turn.tokens.input,
        "cache_creation_input_tokens": turn.tokens.cache_write,
        "cache_read_input_tokens": turn.tokens.cache_read,
        "output_tokens": output,
    }
