"""The scripted model server keeps the protocol the real CLIs rely on."""

import json
from collections.abc import Iterator
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
    choose,
    play,
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
