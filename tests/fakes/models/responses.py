"""The OpenAI Responses protocol: requests read, turns written whole or as a stream."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.fakes.models.script import Asked, Call, Fail, Part, Say, Think, ToolAnswer, Turn
from tests.fakes.models.told import blocks, count_turns, text_of, without_reminders

PATHS = frozenset({"/responses", "/v1/responses"})

_SPOKEN = frozenset({"function_call", "custom_tool_call", "reasoning"})
_ANSWERED = frozenset({"function_call_output", "custom_tool_call_output"})


def read(body: Mapping[str, Any]) -> Asked:
    """Return what a request asks."""
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else blocks(given)
    prompts: list[str] = []
    voices: list[str] = []
    answers: list[ToolAnswer] = []
    for item in items:
        kind, role = item.get("type", "message"), item.get("role")
        if kind in _SPOKEN or role == "assistant":
            voices.append("model")
        elif kind in _ANSWERED:
            voices.append("tool")
            answers.append(_answer(item))
        elif role == "user" and (said := without_reminders(text_of(item.get("content")))):
            voices.append("person")
            prompts.append(said)
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
    freeform = {
        tool.get("name") for tool in blocks(asked.body.get("tools")) if tool["type"] == "custom"
    }
    cut_short = turn.stop in ("length", "refusal")
    return {
        "id": f"resp_{id}",
        "object": "response",
        "created_at": 1_795_305_600,
        "model": asked.model,
        "status": "incomplete" if cut_short else "completed",
        "incomplete_details": {"reason": _why(turn)} if cut_short else None,
        "error": None,
        "output": [
            _item(part, id=f"{id}_{n}", freeform=isinstance(part, Call) and part.tool in freeform)
            for n, part in enumerate(turn.parts)
        ],
        "usage": _usage(turn),
    }


def stream(turn: Turn, asked: Asked, *, id: str) -> Iterator[str]:
    """Yield the server-sent events of a turn."""
    done = whole(turn, asked, id=id)
    begun = {**done, "status": "in_progress", "output": [], "usage": None}
    yield _event("response.created", {"response": {**begun, "incomplete_details": None}})
    for index, item in enumerate(done["output"]):
        at = {"output_index": index, "item_id": item["id"]}
        yield _event("response.output_item.added", {**at, "item": _empty(item)})
        for name, data in _deltas(item):
            yield _event(name, {**at, **data})
        yield _event("response.output_item.done", {**at, "item": item})
    ending = "incomplete" if done["incomplete_details"] else "completed"
    yield _event(f"response.{ending}", {"response": done})


def error(fail: Fail) -> dict[str, Any]:
    """Return the body of an HTTP error."""
    return {
        "error": {
            "message": fail.message,
            "type": fail.kind,
            "param": None,
            "code": fail.kind,
            **fail.details,
        }
    }


def failure(fail: Fail, *, id: str) -> Iterator[str]:
    """Yield the events of an answer that turns out to be an error."""
    told = {"code": fail.kind, "message": fail.message, **fail.details}
    response = {"id": f"resp_{id}", "object": "response", "status": "failed", "error": told}
    yield _event("response.created", {"response": {**response, "status": "in_progress"}})
    yield _event("response.failed", {"response": response})


def _event(name: str, data: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, 'sequence_number': 0, **data})}\n\n"


def _answer(item: Mapping[str, Any]) -> ToolAnswer:
    return ToolAnswer(id=str(item.get("call_id", "")), text=text_of(item.get("output")))


def _item(part: Part, *, id: str, freeform: bool) -> dict[str, Any]:
    match part:
        case Say(text=text):
            said = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
            return _message(id, said)
        case Think(text=text):
            summary = [{"type": "summary_text", "text": text}]
            return {"id": f"rs_{id}", "type": "reasoning", "summary": summary}
        case Call(tool=tool, input=given) if freeform:
            return {
                "id": f"ctc_{id}",
                "type": "custom_tool_call",
                "status": "completed",
                "call_id": f"call_{id}",
                "name": tool,
                "input": str(given["input"]),
            }
        case Call(tool=tool, input=given):
            return {
                "id": f"fc_{id}",
                "type": "function_call",
                "status": "completed",
                "call_id": f"call_{id}",
                "name": tool,
                "arguments": json.dumps(dict(given)),
            }


def _message(id: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": f"msg_{id}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [content],
    }


def _empty(item: Mapping[str, Any]) -> dict[str, Any]:
    blank: Mapping[str, Mapping[str, Any]] = {
        "message": {"content": []},
        "reasoning": {"summary": []},
        "function_call": {"arguments": ""},
        "custom_tool_call": {"input": ""},
    }
    return {**item, "status": "in_progress", **blank[item["type"]]}


def _deltas(item: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    match item["type"]:
        case "message":
            part = item["content"][0]
            yield (
                "response.content_part.added",
                {"content_index": 0, "part": {**part, "text": ""}},
            )
            half = len(part["text"]) // 2
            for piece in filter(None, (part["text"][:half], part["text"][half:])):
                yield (
                    "response.output_text.delta",
                    {"content_index": 0, "delta": piece, "logprobs": []},
                )
            yield "response.content_part.done", {"content_index": 0, "part": part}
        case "reasoning":
            part = item["summary"][0]
            at = {"summary_index": 0}
            yield "response.reasoning_summary_part.added", {**at, "part": {**part, "text": ""}}
            yield "response.reasoning_summary_text.delta", {**at, "delta": part["text"]}
            yield "response.reasoning_summary_part.done", {**at, "part": part}
        case "function_call":
            yield "response.function_call_arguments.delta", {"delta": item["arguments"]}
            yield "response.function_call_arguments.done", {"arguments": item["arguments"]}


def _why(turn: Turn) -> str:
    return "content_filter" if turn.stop == "refusal" else "max_output_tokens"


def _usage(turn: Turn) -> dict[str, Any]:
    spent = turn.tokens
    sent = spent.input + spent.cache_read + spent.cache_write
    return {
        "input_tokens": sent,
        "input_tokens_details": {
            "cached_tokens": spent.cache_read,
            "cache_write_tokens": spent.cache_write,
        },
        "output_tokens": spent.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": sent + spent.output,
    }
