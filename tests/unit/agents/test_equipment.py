"""Guide, skills, slash commands and pictures: where every driver puts them, and never elsewhere."""

from dataclasses import replace

import pytest

from courier.errors import Misconfigured
from courier.ports.agents import AgentDriver
from courier.resources.capabilities import CAPABILITIES, Feature
from courier.runs.briefs.assets import FrozenCommand
from courier.runs.briefs.brief import Brief
from courier.runs.briefs.placement import Places, place
from courier.wiring import DRIVERS
from tests.unit.agents.equipment import GREET, PROGRAM, SHOUT, skill, skill_file

BRIEF = Brief(prompt="go", workspace="/home/user/repo", scratch="/home/user/.courier/s", run="x")
EQUIPPED = replace(
    BRIEF,
    guide="Tests lie in tests/.\n",
    skills=(GREET,),
    commands=(SHOUT, PROGRAM),
    images=("/img/a.png", "/img/b.png"),
)

each = pytest.mark.parametrize("driver", DRIVERS.values(), ids=lambda driver: driver.name)

PLACES = {
    "claude": ("claude/CLAUDE.md", "claude/skills", "claude/commands"),
    "codex": ("codex/AGENTS.md", "codex/skills", None),
    "opencode": ("opencode/AGENTS.md", "opencode/skills", "opencode/command"),
    "pi": ("pi/AGENTS.md", "pi/skills", "pi/prompts"),
    "shell": (None, None, None),
}


@each
def test_everything_is_put_where_the_agent_looks(driver: AgentDriver) -> None:
    launch, bare = driver.launch(EQUIPPED), driver.launch(BRIEF)
    guide, skills, commands = PLACES[driver.name]
    wanted: dict[str, bytes] = {}
    if guide:
        wanted[guide] = b"Tests lie in tests/.\n"
    if skills:
        wanted |= {f"{skills}/greet/{file.path}": file.content for file in GREET.files}
        assert launch.executable == {f"{BRIEF.scratch}/{skills}/greet/bin/ahoy"}
    if commands:
        text = b'---\ndescription: "Says \\"it\\""\n---\n\nShout $ARGUMENTS!\n'
        wanted[f"{commands}/shout.md"] = text
    added = {path: body for path, body in launch.files.items() if path not in bare.files}
    assert added == {f"{BRIEF.scratch}/{path}": body for path, body in wanted.items()}


@each
@pytest.mark.parametrize("feature", ["instructions", "skills", "commands", "images"])
def test_the_table_says_what_changes_the_launch(driver: AgentDriver, feature: Feature) -> None:
    field = "guide" if feature == "instructions" else feature
    wish = replace(BRIEF, **{field: getattr(EQUIPPED, field)})
    changed = driver.launch(wish) != driver.launch(BRIEF)
    assert changed == CAPABILITIES[driver.name].has(feature)


@each
def test_all_files_lie_in_the_scratch_directory(driver: AgentDriver) -> None:
    launch = driver.launch(EQUIPPED)
    assert all(path.startswith(f"{BRIEF.scratch}/") for path in launch.files)
    assert launch.executable <= set(launch.files)


@pytest.mark.parametrize(
    ("name", "pictures"),
    [
        ("codex", ["--image=/img/a.png", "--image=/img/b.png"]),
        ("opencode", ["--file=/img/a.png", "--file=/img/b.png"]),
        ("pi", ["@/img/a.png", "@/img/b.png"]),
    ],
)
def test_pictures_are_arguments(name: str, pictures: list[str]) -> None:
    argv = DRIVERS[name].launch(EQUIPPED).argv
    assert [argument for argument in argv if "/img/" in argument] == pictures


def test_claude_is_shown_pictures_by_mention() -> None:
    assert DRIVERS["claude"].launch(EQUIPPED).stdin == 'go\n\n@"/img/a.png"\n@"/img/b.png"'


def test_opencode_is_told_that_its_model_sees_only_where_there_is_something_to_see() -> None:
    seeing = DRIVERS["opencode"].launch(replace(EQUIPPED, model="openrouter/m"))
    blind = DRIVERS["opencode"].launch(replace(BRIEF, model="openrouter/m"))
    assert "modalities" in seeing.env["OPENCODE_CONFIG_CONTENT"]
    assert "modalities" not in blind.env["OPENCODE_CONFIG_CONTENT"]


@pytest.mark.parametrize(
    ("prompt", "stdin", "command"),
    [
        ("/shout the news", "the news", "shout"),
        ("/shout", "", "shout"),
        ("/shouted", "/shouted", None),
        ("/lint", "/lint", None),
        ("Please /shout", "Please /shout", None),
    ],
)
def test_opencode_takes_a_slash_command_by_name(
    prompt: str, stdin: str, command: str | None
) -> None:
    launch = DRIVERS["opencode"].launch(replace(EQUIPPED, prompt=prompt))
    assert launch.stdin == stdin
    assert ("--command" in launch.argv) == (command is not None)
    if command:
        assert launch.argv[launch.argv.index("--command") + 1] == command


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("..", "SKILL.md"),
        ("", "SKILL.md"),
        ("a/b", "SKILL.md"),
        ("greet", "/etc/passwd"),
        ("greet", "../../x"),
        ("greet", "a/../../x"),
        ("greet", "a//b"),
        ("greet", "./a"),
        ("greet", ""),
        ("greet", "a\0b"),
    ],
)
@pytest.mark.parametrize("driver", [DRIVERS[name] for name in ("claude", "pi")])
def test_no_skill_leaves_its_folder(driver: AgentDriver, name: str, path: str) -> None:
    brief = replace(BRIEF, skills=(skill(name, skill_file(path, "x")),))
    with pytest.raises(Misconfigured, match="outside its folder"):
        driver.launch(brief)


def test_no_command_leaves_its_folder() -> None:
    brief = replace(BRIEF, commands=(FrozenCommand(name="../x", prompt="y"),))
    with pytest.raises(Misconfigured, match="outside its folder"):
        DRIVERS["claude"].launch(brief)


def test_nothing_is_put_into_the_work_tree() -> None:
    with pytest.raises(Misconfigured, match="work tree"):
        place(EQUIPPED, Places(guide=f"{BRIEF.workspace}/AGENTS.md"))
    beside = place(EQUIPPED, Places(guide=f"{BRIEF.workspace}-2/AGENTS.md"))
    assert beside.files
