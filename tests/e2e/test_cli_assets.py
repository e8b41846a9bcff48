"""Guide, skills, slash commands and pictures reach the model through every real agent CLI."""

import json
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from courier.resources.capabilities import CAPABILITIES
from courier.runs.briefs.assets import FrozenCommand, FrozenFile, FrozenSkill
from tests.e2e.clis import local
from tests.e2e.clis.situations import CLIS, Cli
from tests.e2e.desk import Desk
from tests.e2e.pictures import as_sent, red_square
from tests.fakes.models import Asked, Reply, Say, ScriptedModels, Turn

GUIDE = (
    "Marker-guide: the tests lie in tests/.\n" + "Filler of a long guide.\n" * 3000 + "Guide-end."
)

SKILL = """\
---
name: greet
description: "Marker-described: how people are greeted here."
---

Marker-taught: say `ahoy`.
"""

WISHES: dict[str, Any] = {
    "guide": GUIDE,
    "skills": (
        FrozenSkill(
            name="greet",
            files=(
                FrozenFile(path="SKILL.md", content=b64encode(SKILL.encode())),
                FrozenFile(
                    path="bin/ahoy", content=b64encode(b"#!/bin/sh\necho ahoy\n"), executable=True
                ),
            ),
        ),
    ),
    "commands": (
        FrozenCommand(
            name="shout",
            description='Says "it" loudly',
            prompt="Marker-command: shout $ARGUMENTS!",
        ),
        FrozenCommand(name="runs", run="true"),
    ),
}


def _param(name: str) -> Any:
    there = (local.TOOLS / name).exists()
    missing = pytest.mark.skipif(not there, reason=f"{name} is not installed: `make tools`")
    return pytest.param(name, marks=[pytest.mark.e2e, pytest.mark.slow, missing])


@pytest.fixture(params=[_param(name) for name in CLIS])
def cli(request: pytest.FixtureRequest) -> Cli:
    return CLIS[request.param]


@pytest.fixture
def desk(cli: Cli) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory(dir=local.ROOMS) as folder:
        root = local.furnish(Path(folder))
        with ScriptedModels({**cli.scripts, "skill": _loads(cli, root)}) as models:
            yield Desk(cli, root, models, "text")
        assert _changes(root / "work") == ""


def _loads(cli: Cli, root: Path) -> Callable[[Asked], Reply]:
    path = root / "scratch" / cli.driver.name / "skills" / "greet" / "SKILL.md"

    def script(asked: Asked) -> Reply:
        if asked.turns == 0:
            return Turn.of(cli.tools.skill("greet", str(path)))
        return Turn.of(Say("Done."))

    return script


def _changes(work: Path) -> str:
    status = ["git", "status", "--porcelain", "--ignored"]
    return subprocess.run(status, cwd=work, check=True, capture_output=True, text=True).stdout


def _sent(desk: Desk, request: int = -1) -> str:
    return json.dumps(desk.models.asked("run")[request].body, ensure_ascii=False)


async def test_guide_skills_and_their_content_reach_the_model(desk: Desk) -> None:
    desk.scenario = "skill"
    _, outcome = await desk.turn("Greet.", **WISHES)
    assert outcome.reason == "Completed"
    first, last = _sent(desk, 0), _sent(desk)
    assert first.count("Marker-guide") == 1
    assert "Guide-end." in first
    assert "Marker-described" in first
    assert "Marker-taught" not in first
    assert "Marker-taught" in last
    runs = desk.root / "scratch" / desk.cli.driver.name / "skills" / "greet" / "bin" / "ahoy"
    assert subprocess.run([runs], check=True, capture_output=True).stdout == b"ahoy\n"


async def test_slash_command_is_expanded_where_the_agent_knows_them(desk: Desk) -> None:
    _, outcome = await desk.turn("/shout the news", **WISHES)
    assert outcome.reason == "Completed"
    known = CAPABILITIES[desk.cli.driver.name].has("commands")
    assert ("Marker-command: shout the news!" in _sent(desk)) == known
    assert ("/shout the news" in desk.models.asked("run")[-1].prompt) != known


async def test_slash_command_without_arguments_and_later_in_a_conversation(desk: Desk) -> None:
    if not CAPABILITIES[desk.cli.driver.name].has("commands"):
        return
    _, first = await desk.turn("Hello.", **WISHES)
    _, outcome = await desk.turn("/shout", session=first.session, used=first.usage, **WISHES)
    assert (outcome.reason, outcome.session) == ("Completed", first.session)
    assert "Marker-command: shout " in _sent(desk)


async def test_pictures_reach_the_model_in_the_first_and_in_later_turns(desk: Desk) -> None:
    one, two = desk.root / "one.png", desk.root / "the second.png"
    one.write_bytes(red_square(side=8))
    two.write_bytes(red_square(side=9))
    _, first = await desk.turn("Look.", images=(str(one), str(two)))
    assert first.reason == "Completed"
    assert as_sent(one.read_bytes()) in _sent(desk)
    assert as_sent(two.read_bytes()) in _sent(desk)
    three = desk.root / "three.png"
    three.write_bytes(red_square(side=10))
    _, second = await desk.turn(
        "And this.", images=(str(three),), session=first.session, used=first.usage
    )
    assert (second.reason, second.session) == ("Completed", first.session)
    assert as_sent(three.read_bytes()) in _sent(desk)
    assert as_sent(one.read_bytes()) in _sent(desk)


async def test_nothing_to_put_in_place_puts_nothing(desk: Desk) -> None:
    _, outcome = await desk.turn("Hello.")
    assert outcome.reason == "Completed"
    home = desk.root / "scratch" / desk.cli.driver.name
    placed = {"CLAUDE.md", "AGENTS.md", "commands", "command", "prompts"}
    assert not placed & {path.name for path in home.iterdir()}
