"""The scripted model server keeps the protocol the real CLIs rely on."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.models import (
    Asked,
    Call,
    Cut,
    Fail,
    Hang,
    Say,
    ScriptedModels,
    Think,
    Turn,
    chat,
    choose,
    play,
    responses,
)
from tests.fakes.models.messages import read

SCRIPTS = {
    "text": play(Turn.of(Say("Hello."))),
    "parts": play(Turn.of(Think("Hm."), Say("Looking."), Call("Bash", {"command": "ls"}))),
    "faults": play(
        Fail(529, "overloaded_error", "Overloaded", headers={"retry-after": "1"}),
        Cut(Turn.of(Say("Never seen whole."))),
        Turn.of(Say("First.")),
        Turn.of(Say("Second.")),
    ),
    "hang": play(Hang(0.05)),
    "late": play(Fail(200, "server_error", "Broke off.")),
    "limited": play(
        Fail(429, "usage_limit", "Later.", {"retry-after": "9"}, details={"resets_at": 5})
    ),
    "pieces": play(replace(Turn.of(Say("Hällo.")), pieces_of=3)),
    "holds": play(replace(Turn.of(Say("Held.")), holds_seconds=0.3)),
    "choose": choose(("red", play(Turn.of(Say("R.")))), otherwise=play(Turn.of(Say("Other.")))),
}


@pytest.fixture
def models(tmp_path: Path) -> Iterator[ScriptedModels]:
    with ScriptedModels(SCRIPTS, log=tmp_path) as running:
        yield running


def _ask(models: ScriptedModels, scenario: str, *messages: object, **body: Any) -> httpx.Response:
    asked = {"model": "m", "messages": messages or (_user("Hi."),), **body}
    url = models.base_url("r", scenario) + "/v1/messages?beta=true"
    return httpx.post(url, json=asked, trust_env=False)


def _user(text: str) -> dict[str, object]:
    return {"role": "user", "content": text}


def _assistant(text: str) -> dict[str, object]:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def _events(answer: httpx.Response) -> list[dict[str, Any]]:
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    data = [json.loads(lines[1].removeprefix("data: ")) for lines in blocks]
    assert [lines[0] for lines in blocks] == [f"event: {event['type']}" for event in data]
    return data


def test_whole_answer(models: ScriptedModels) -> None:
    answer = _ask(models, "text").json()
    assert answer["content"] == [{"type": "text", "text": "Hello."}]
    assert answer["stop_reason"] == "end_turn"
    assert answer["usage"]["output_tokens"] == 50


def test_streamed_answer(models: ScriptedModels) -> None:
    events = _events(_ask(models, "parts", stream=True))
    assert events[0]["message"]["usage"]["output_tokens"] == 1
    blocks = [event["content_block"]["type"] for event in events if "content_block" in event]
    assert blocks == ["thinking", "text", "tool_use"]
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert "".join(delta.get("text", "") for delta in deltas) == "Looking."
    assert json.loads(deltas[-1]["partial_json"]) == {"command": "ls"}
    assert events[-2]["delta"]["stop_reason"] == "tool_use"
    assert events[-1] == {"type": "message_stop"}


def test_faults_come_once_and_turns_follow_the_conversation(models: ScriptedModels) -> None:
    failed = _ask(models, "faults")
    assert failed.status_code == 529
    assert failed.headers["retry-after"] == "1"
    assert failed.json()["error"]["type"] == "overloaded_error"
    with pytest.raises(httpx.TransportError):
        _ask(models, "faults", stream=True)
    assert _ask(models, "faults").json()["content"][0]["text"] == "First."
    second = _ask(models, "faults", _user("Hi."), _assistant("First."), _user("More."))
    assert second.json()["content"][0]["text"] == "Second."


def test_hang_ends_without_an_answer(models: ScriptedModels) -> None:
    with pytest.raises(httpx.TransportError):
        _ask(models, "hang")


def test_choice_by_prompt(models: ScriptedModels) -> None:
    assert _ask(models, "choose", _user("the red one")).json()["content"][0]["text"] == "R."
    assert _ask(models, "choose", _user("blue")).json()["content"][0]["text"] == "Other."


def test_side_routes(models: ScriptedModels) -> None:
    base = models.base_url("r", "text")
    assert httpx.head(f"{base}/api/hello", trust_env=False).status_code == 200
    counted = httpx.post(f"{base}/v1/messages/count_tokens", json={}, trust_env=False)
    assert counted.json() == {"input_tokens": 1000}
    assert httpx.get(f"{base}/v1/unknown", trust_env=False).status_code == 404
    assert _ask(models, "no-such-scenario").status_code == 404


def test_every_request_is_kept(models: ScriptedModels, tmp_path: Path) -> None:
    _ask(models, "text", _user("Kept."), tools=[{"name": "Bash"}])
    assert models.logged("r")[0].body["messages"] == [_user("Kept.")]
    assert [asked.prompt for asked in models.asked("r")] == ["Kept."]
    assert "Kept." in (tmp_path / "r.jsonl").read_text()
    assert models.logged("another") == []


def test_reminders_and_system_entries_are_not_prompts() -> None:
    reminder = "<system-reminder>\nToday is Monday.\n</system-reminder>"
    result = {
        "type": "tool_result",
        "tool_use_id": "t",
        "is_error": True,
        "content": [{"type": "text", "text": "out"}],
    }
    asked: Asked = read(
        {
            "messages": [
                {"role": "system", "content": "be good"},
                _user(reminder),
                {"role": "user", "content": [{"type": "text", "text": f"{reminder}Do it."}]},
                _assistant("I call."),
                {"role": "user", "content": [result, {"type": "text", "text": reminder}]},
                {"role": "system", "content": "still good"},
            ]
        }
    )
    assert asked.prompts == ("Do it.",)
    assert (asked.turns, asked.turns_since_prompt) == (1, 1)
    assert asked.answer == "out"
    assert asked.answers[0].is_error


PATHS = ["/v1/messages", "/v1/responses", "/v1/chat/completions"]


def _post(models: ScriptedModels, path: str, scenario: str, **body: Any) -> httpx.Response:
    said = {"input" if path.endswith("responses") else "messages": [_user("Hi.")]}
    url = models.base_url("r", scenario) + path
    return httpx.post(url, json={"model": "m", "stream": True, **said, **body}, trust_env=False)


def _data(answer: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n")]
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_responses_stream_builds_up_what_it_ends_with(models: ScriptedModels) -> None:
    events = _data(_post(models, "/v1/responses", "parts"))
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert [item["type"] for item in done] == ["reasoning", "message", "function_call"]
    last = events[-1]["response"]
    assert events[-1]["type"] == "response.completed"
    assert last["output"] == done
    assert last["usage"]["input_tokens"] == 1500
    assert last["usage"]["input_tokens_details"]["cached_tokens"] == 300
    texts = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    assert "".join(texts) == "Looking."


def test_responses_calls_freeform_tools_as_such(models: ScriptedModels) -> None:
    call = Call("apply_patch", {"input": "*** Begin Patch"})
    tools = [{"type": "custom", "name": "apply_patch"}, {"type": "function", "name": "sh"}]
    asked = responses.read({"input": "x", "tools": tools})
    (item,) = responses.whole(Turn.of(call), asked, id="1")["output"]
    assert (item["type"], item["input"]) == ("custom_tool_call", "*** Begin Patch")


def test_chat_stream_builds_up_the_message(models: ScriptedModels) -> None:
    answer = _post(models, "/v1/chat/completions", "parts")
    assert answer.text.endswith("data: [DONE]\n\n")
    *chunks, usage = _data(answer)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert "".join(delta.get("content") or "" for delta in deltas) == "Looking."
    (call,) = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    assert json.loads(call["function"]["arguments"]) == {"command": "ls"}
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
    assert usage["usage"]["prompt_tokens"] == 1500


def test_whole_answers_of_every_protocol(models: ScriptedModels) -> None:
    told = _post(models, "/v1/responses", "text", stream=False).json()
    assert told["output"][0]["content"][0]["text"] == "Hello."
    told = _post(models, "/v1/chat/completions", "text", stream=False).json()
    assert told["choices"][0]["message"]["content"] == "Hello."


@pytest.mark.parametrize("path", PATHS)
def test_every_protocol_has_the_same_faults(models: ScriptedModels, path: str) -> None:
    limited = _post(models, path, "limited")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "9")
    assert limited.json()["error"]["message"] == "Later."
    assert limited.json()["error"]["resets_at"] == 5
    late = _post(models, path, "late")
    assert late.status_code == 200
    assert "Broke off." in late.text
    with pytest.raises(httpx.TransportError):
        _post(models, path, "hang")


@pytest.mark.parametrize("path", PATHS)
def test_events_may_come_in_pieces_and_the_end_late(models: ScriptedModels, path: str) -> None:
    pieces = json.dumps(_data(_post(models, path, "pieces")), ensure_ascii=False)
    assert "Häl" in pieces
    assert "lo." in pieces
    began = time.monotonic()
    assert _data(_post(models, path, "holds"))[0]
    assert time.monotonic() - began >= 0.3


def test_responses_are_read_like_a_conversation() -> None:
    asked = responses.read(
        {
            "model": "m",
            "tools": [{"type": "function", "name": "sh"}],
            "input": [
                {"role": "developer", "content": "be good"},
                {"role": "user", "content": [{"type": "input_text", "text": "Do it."}]},
                {"type": "reasoning", "summary": []},
                {"type": "message", "role": "assistant", "content": "I call."},
                {"type": "function_call", "call_id": "c", "name": "sh", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": "out"},
                {
                    "role": "user",
                    "content": "<environment_context>x</environment_context>",
                },
                {"type": "message", "role": "assistant", "content": "Done."},
            ],
        }
    )
    assert asked.prompts == ("Do it.",)
    assert (asked.turns, asked.turns_since_prompt, asked.answer) == (2, 2, "out")


def test_chat_is_read_like_a_conversation() -> None:
    asked = chat.read(
        {
            "messages": [
                {"role": "system", "content": "be good"},
                _user("One."),
                {"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]},
                {"role": "tool", "tool_call_id": "c", "content": "out"},
                _assistant("Done."),
                _user("Two."),
            ]
        }
    )
    assert asked.prompts == ("One.", "Two.")
    assert (asked.turns, asked.turns_since_prompt) == (2, 0)
    assert (asked.answers[0].id, asked.answer) == ("c", "out")
