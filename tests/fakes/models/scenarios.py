"""The scripts the recordings of agent CLIs are made with; every fault a provider can show."""

from collections.abc import Mapping

from tests.fakes.models.script import Call, Cut, Fail, Say, Script, Think, Turn, play

RESET = "1795305600"
"""When the scripted limit ends: 2026-11-22T00:00:00Z, as seconds since 1970."""

DONE = Turn.of(Say("Done."))


def _overloaded() -> Fail:
    return Fail(529, "overloaded_error", "Overloaded")


CLAUDE: Mapping[str, Script] = {
    "text": play(Turn.of(Say("Hello from the script."))),
    "tools": play(
        Turn.of(
            Think("I should look first."),
            Say("Looking."),
            Call("Bash", {"command": "echo out; echo err >&2; exit 3", "description": "Look"}),
        ),
        Turn.of(Call("Write", {"file_path": "hello.txt", "content": "hello\n"})),
        Turn.of(Say("Done: wrote hello.txt.")),
    ),
    "resume": play(
        Turn.of(Call("Bash", {"command": "echo one", "description": "Say one"})),
        Turn.of(Say("First turn done.")),
        Turn.of(Say("Second turn done.")),
    ),
    "retry": play(_overloaded(), DONE),
    "bad-key": play(Fail(401, "authentication_error", "invalid x-api-key")),
    "forbidden": play(Fail(403, "permission_error", "Your key may not use this model.")),
    "rate-limited": play(
        Fail(
            429,
            "rate_limit_error",
            "This request would exceed your rate limit.",
            headers={
                "retry-after": "1",
                "anthropic-ratelimit-unified-status": "rejected",
                "anthropic-ratelimit-unified-reset": RESET,
                "anthropic-ratelimit-unified-representative-claim": "five_hour",
            },
        )
    ),
    "overloaded": play(_overloaded()),
    "too-long": play(
        Fail(400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum")
    ),
    "no-credit": play(
        Fail(400, "invalid_request_error", "Your credit balance is too low to access the API.")
    ),
    "no-model": play(Fail(404, "not_found_error", "model: no-such-model")),
    "loop": play(Turn.of(Call("Bash", {"command": "echo again", "description": "Again"}))),
    "cut": play(Cut(Turn.of(Say("This is cut short."))), DONE),
    "empty": play(Turn.of()),
    "refused": play(Turn((Say("I cannot help with that."),), stop="refusal")),
    "background": play(
        Turn.of(
            Call(
                "Bash",
                {
                    "command": "python3 -c 'import time; time.sleep(2)'; echo late",
                    "description": "Wait",
                    "run_in_background": True,
                },
            )
        ),
        Turn.of(Say("Started it.")),
        Turn.of(Say("It ended.")),
    ),
    "slow": play(
        Turn.of(
            Call(
                "Bash",
                {"command": "python3 -c 'import time; time.sleep(60)'", "description": "Wait"},
            )
        ),
        DONE,
    ),
}
"""Scripts by scenario, in the tool names of Claude Code."""
