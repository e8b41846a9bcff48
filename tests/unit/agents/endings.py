"""How every recorded situation ends: the reason, and whether trying again may help."""

from collections.abc import Mapping

_SAME: Mapping[str, tuple[str, bool]] = {
    "text": ("Completed", False),
    "tools": ("Completed", False),
    "resume": ("Completed", False),
    "retry": ("Completed", False),
    "cut": ("Completed", False),
    "bad-key": ("BadKey", False),
    "no-key": ("BadKey", False),
    "forbidden": ("BadKey", False),
    "no-credit": ("NoCredit", False),
    "no-model": ("UnknownModel", False),
    "too-long": ("PromptTooLong", False),
    "rate-limited": ("RateLimited", True),
    "usage-limit": ("RateLimited", True),
    "overloaded": ("Overloaded", True),
    "unreachable": ("Unreachable", True),
    "pieces": ("Completed", False),
    "server-error": ("Overloaded", True),
    "late-fault": ("Overloaded", True),
    "late-limit": ("RateLimited", True),
    "cut-off": ("Unreachable", True),
    "reset": ("Unreachable", True),
    "page": ("Unreachable", True),
    "nothing": ("Unreachable", True),
    "length": ("TurnLimit", False),
    "payment": ("NoCredit", False),
    "empty": ("EmptyResult", True),
    "refused": ("Refused", False),
    "stopped": ("Crashed", True),
    "unknown-session": ("SessionLost", False),
    "bad-option": ("ToolMissing", False),
}
"""What every agent can tell."""

ENDINGS: Mapping[str, Mapping[str, tuple[str, bool]]] = {
    "claude": {
        **_SAME,
        "background": ("Completed", False),
        "max-turns": ("TurnLimit", False),
        "budget": ("BudgetExceeded", False),
    },
    "codex": {**_SAME, "late-fault": ("Unreachable", True)},
    "opencode": {
        **_SAME,
        "messages": ("Completed", False),
    },
    "pi": {
        **_SAME,
        "chat": ("Completed", False),
        "chat-limit": ("RateLimited", True),
        "messages": ("Completed", False),
    },
}
"""Agent to situation to its ending."""
