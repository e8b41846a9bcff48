"""A scripted model server: speaks real provider protocols, says what a script says.

For: driving the real agent CLIs without a model, and seeing every request they send.
Not for: judging what an agent writes; a script is a test's own words.

    with ScriptedModels({"fix": play(Turn.of(Say("Done.")))}) as models:
        env = {"ANTHROPIC_BASE_URL": models.base_url("run-1", "fix")}
"""

from tests.fakes.models.pair import pair
from tests.fakes.models.script import (
    Asked,
    Call,
    Cut,
    Fail,
    Hang,
    Page,
    Reply,
    Say,
    Script,
    Think,
    ToolAnswer,
    Turn,
    choose,
    play,
)
from tests.fakes.models.server import Logged, ScriptedModels

__all__ = [
    "Asked",
    "Call",
    "Cut",
    "Fail",
    "Hang",
    "Logged",
    "Page",
    "Reply",
    "Say",
    "Script",
    "ScriptedModels",
    "Think",
    "ToolAnswer",
    "Turn",
    "choose",
    "pair",
    "play",
]
