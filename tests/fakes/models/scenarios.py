"""The scripts the recordings of agent CLIs are made with; every fault a provider can show."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from tests.fakes.models.script import Call, Cut, Fail, Hang, Page, Say, Script, Think, Turn, play
from tests.fakes.models.tools import CLAUDE_TOOLS, CODEX_TOOLS, OPENCODE_TOOLS, PI_TOOLS, Tools

RESET = "1795305600"
"""When the scripted limit ends: 2026-11-22T00:00:00Z, as seconds since 1970."""

DONE = Turn.of(Say("Done."))

SLEEP = "python3 -c 'import time; time.sleep({})'"


def conduct(tools: Tools, *, overloaded: Fail) -> Mapping[str, Script]:
    """Return how a model may behave, in the tool names of one agent."""
    return {
        "text": play(Turn.of(Say("Hello from the script."))),
        "tools": play(
            Turn.of(
                Think("I should look first."),
                Say("Looking."),
                tools.run("echo out; echo err >&2; exit 3", "Look"),
            ),
            Turn.of(tools.write("hello.txt", "hello\n")),
            Turn.of(Say("Done: wrote hello.txt.")),
        ),
        "resume": play(
            Turn.of(tools.run("echo one", "Say one")),
            Turn.of(Say("First turn done.")),
            Turn.of(Say("Second turn done.")),
        ),
        "retry": play(overloaded, DONE),
        "overloaded": play(overloaded),
        "loop": play(Turn.of(tools.run("echo again", "Again"))),
        "cut": play(Cut(Turn.of(Say("This is cut short."))), DONE),
        "cut-off": play(Cut(Turn.of(Say("This is cut short.")))),
        "reset": play(Hang(0.0)),
        "page": play(Page("<html><body>Welcome to the proxy.</body></html>")),
        "nothing": play(Page("", "text/event-stream")),
        "empty": play(Turn.of()),
        "refused": play(Turn((Say("I cannot help with that."),), stop="refusal")),
        "length": play(Turn((Say("This answer is too"),), stop="length")),
        "pieces": play(replace(Turn.of(Say("Hello, läuft: 日本.")), pieces_of=5)),
        "open-end": play(replace(Turn.of(Say("Done.")), holds_seconds=3.0)),
        "slow": play(Turn.of(tools.run(SLEEP.format(60), "Wait")), DONE),
    }


ANTHROPIC_FAULTS: Mapping[str, Script] = MappingProxyType(
    {
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
        "too-long": play(
            Fail(400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum")
        ),
        "no-credit": play(
            Fail(400, "invalid_request_error", "Your credit balance is too low to access the API.")
        ),
        "payment": play(Fail(402, "billing_error", "This request requires more credits.")),
        "no-model": play(Fail(404, "not_found_error", "model: no-such-model")),
        "server-error": play(Fail(500, "api_error", "Internal server error")),
        "late-fault": play(Fail(200, "api_error", "Internal server error")),
        "late-limit": play(Fail(200, "rate_limit_error", "This would exceed your rate limit.")),
    }
)
"""What goes wrong at a provider that speaks Messages."""

OPENAI_FAULTS: Mapping[str, Script] = MappingProxyType(
    {
        "bad-key": play(Fail(401, "invalid_api_key", "Incorrect API key provided: scripted.")),
        "forbidden": play(Fail(403, "permission_denied", "Your key may not use this model.")),
        "rate-limited": play(
            Fail(
                429,
                "rate_limit_exceeded",
                "Rate limit reached for requests per minute. Please try again in 1s.",
                headers={"retry-after": "1"},
            )
        ),
        "usage-limit": play(
            Fail(
                429,
                "usage_limit_reached",
                "The usage limit has been reached",
                details={"plan_type": "pro", "resets_at": int(RESET)},
            )
        ),
        "too-long": play(
            Fail(
                400,
                "context_length_exceeded",
                "Your input exceeds the context window of this model.",
            )
        ),
        "no-credit": play(
            Fail(429, "insufficient_quota", "You exceeded your current quota, check your plan.")
        ),
        "payment": play(Fail(402, "payment_required", "This request requires more credits.")),
        "no-model": play(Fail(404, "model_not_found", "The model `m` does not exist.")),
        "server-error": play(Fail(500, "server_error", "The server had an error.")),
        "late-fault": play(Fail(200, "server_error", "The server had an error while answering.")),
        "late-limit": play(
            Fail(
                200,
                "rate_limit_exceeded",
                "Rate limit reached for tokens per minute.",
                details={"resets_at": int(RESET)},
            )
        ),
    }
)
"""What goes wrong at a provider that speaks Responses or Chat Completions."""

_529 = Fail(529, "overloaded_error", "Overloaded")
_503 = Fail(503, "server_is_overloaded", "Our servers are currently overloaded.")

CLAUDE: Mapping[str, Script] = {
    **conduct(CLAUDE_TOOLS, overloaded=_529),
    **ANTHROPIC_FAULTS,
    "background": play(
        Turn.of(
            Call(
                "Bash",
                {
                    "command": SLEEP.format(2) + "; echo late",
                    "description": "Wait",
                    "run_in_background": True,
                },
            )
        ),
        Turn.of(Say("Started it.")),
        Turn.of(Say("It ended.")),
    ),
}
"""Scripts by scenario, in the tool names of Claude Code."""

CODEX: Mapping[str, Script] = {**conduct(CODEX_TOOLS, overloaded=_503), **OPENAI_FAULTS}
"""Scripts by scenario, in the tool names of Codex."""

OPENCODE: Mapping[str, Script] = {**conduct(OPENCODE_TOOLS, overloaded=_503), **OPENAI_FAULTS}
"""Scripts by scenario, in the tool names of OpenCode."""

PI: Mapping[str, Script] = {**conduct(PI_TOOLS, overloaded=_503), **OPENAI_FAULTS}
"""Scripts by scenario, in the tool names of Pi."""
