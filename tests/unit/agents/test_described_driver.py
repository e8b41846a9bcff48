"""Agents described in YAML: their examples as real processes, and every way to describe one."""

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from courier.agents.described import DescribedDriver
from courier.errors import Misconfigured
from courier.resources.agent import Agent, AgentSpec
from courier.resources.kinds import read_resource
from courier.runs.briefs.brief import Brief
from courier.runs.transcripts.transcript import (
    AgentEvent,
    ErrorReported,
    Outcome,
    OutputWritten,
    SessionStarted,
    TextWritten,
    UsageReported,
)
from courier.runs.usage.usage import Usage
from courier.system import EnvironmentSecrets
from tests.unit.agents.equipment import GREET, SHOUT
from tests.unit.resources.reference_documents import ROOT, validator

EXAMPLES = ROOT / "examples" / "agents"
STANDINS = Path(__file__).parent / "standins"
BRIEF = Brief(prompt="Do it.", workspace="/work", scratch="/scratch")


def _example(name: str) -> DescribedDriver:
    document = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))
    validator("agent.json").validate(document)
    agent = read_resource(document)
    assert isinstance(agent, Agent)
    return DescribedDriver(agent.metadata.name, agent.spec)


def _driver(*start: str, **fields: Any) -> DescribedDriver:
    told = {"start": start or ["agent"], **fields}
    return DescribedDriver("mine", AgentSpec.model_validate_json(json.dumps(told)))


def _turn(
    driver: DescribedDriver, brief: Brief, *, secrets: Mapping[str, str]
) -> tuple[list[AgentEvent], Outcome]:
    """Run a launch as a process that finds the stand-ins first."""
    launch = driver.launch(brief)
    for path, content in launch.files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)
    done = subprocess.run(
        launch.argv,
        cwd=brief.workspace,
        env={
            "PATH": f"{STANDINS}:{os.environ['PATH']}",
            "HOME": brief.workspace,
            **launch.env,
            **EnvironmentSecrets(secrets).resolve([f"?{name}" for name in launch.secrets]),
        },
        input=launch.stdin,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    translator = driver.translator(brief)
    events = [event for line in done.stdout.splitlines() for event in translator.line(line)]
    return events, translator.outcome(done.returncode, stderr=done.stderr)


def _brief(folder: Path, prompt: str, **fields: Any) -> Brief:
    return Brief(prompt=prompt, workspace=str(folder), scratch=str(folder / "scratch"), **fields)


KEY = {"OPENAI_API_KEY": "scripted"}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_is_valid_and_has_a_stand_in(path: Path) -> None:
    assert _example(path.stem).name == path.stem
    assert (STANDINS / path.stem).exists()


def test_aider_works_in_the_workspace_and_speaks_text(tmp_path: Path) -> None:
    brief = _brief(tmp_path, "Please.\nrun: echo 42 >answer.txt", model="gpt-5.5")
    events, outcome = _turn(_example("aider"), brief, secrets=KEY)
    assert events == [OutputWritten(text="Model: gpt-5.5"), OutputWritten(text="Applied edit.")]
    assert (outcome.reason, outcome.text) == ("Completed", "Model: gpt-5.5\nApplied edit.")
    assert (tmp_path / "answer.txt").read_text() == "42\n"
    assert outcome.usage == Usage()
    assert outcome.session is None


def test_aider_without_a_key_and_with_a_failing_command(tmp_path: Path) -> None:
    driver = _example("aider")
    _, outcome = _turn(driver, _brief(tmp_path, "Do."), secrets={})
    assert (outcome.reason, outcome.retryable) == ("BadKey", False)
    _, outcome = _turn(driver, _brief(tmp_path, "run: exit 9"), secrets=KEY)
    assert (outcome.reason, outcome.exit_code, outcome.retryable) == ("Crashed", 9, True)


def test_qwen_goes_on_with_its_conversation(tmp_path: Path) -> None:
    driver = _example("qwen")
    events, first = _turn(driver, _brief(tmp_path, "one"), secrets=KEY)
    assert [event for event in events if isinstance(event, SessionStarted)] == [
        SessionStarted(session="5f1c")
    ]
    assert (first.text, first.session) == ("one", "5f1c")
    assert first.usage == Usage(input_tokens=700, output_tokens=40, cache_read_tokens=300)
    _, second = _turn(driver, _brief(tmp_path, "two", session=first.session), secrets=KEY)
    assert second.text == "one then two"


def test_qwen_tells_a_limit_and_a_lost_conversation(tmp_path: Path) -> None:
    driver = _example("qwen")
    _, outcome = _turn(driver, _brief(tmp_path, "fail"), secrets=KEY)
    assert (outcome.status, outcome.reason) == ("limited", "RateLimited")
    assert outcome.retry_at == datetime(2026, 11, 22, tzinfo=UTC)
    _, outcome = _turn(driver, _brief(tmp_path, "two", session="gone"), secrets=KEY)
    assert outcome.status == "failed"
    assert "No saved session" in outcome.message


@pytest.mark.parametrize(
    ("start", "known", "argv"),
    [
        ("a --model {model} --x", {}, "a --x"),
        ("a --model {model} --x", {"model": "m"}, "a --model m --x"),
        ("a --model={model} --x", {}, "a --x"),
        ("a --model={model}:{effort}", {"model": "m"}, "a"),
        ("a --model={model}:{effort}", {"model": "m", "effort": "low"}, "a --model=m:low"),
        ("a sub {effort} -v", {}, "a sub -v"),
        ("a {prompt}", {}, "a 'Do it.'"),
        ("a -f {promptFile}", {}, "a -f /scratch/prompt.md"),
        ("a '{other}' '{}' '{{x}}'", {}, "a '{other}' '{}' '{{x}}'"),
    ],
)
def test_places_are_filled_or_left_out(start: str, known: dict[str, Any], argv: str) -> None:
    brief = Brief(prompt="Do it.", workspace="/work", scratch="/scratch", **known)
    launch = _driver(*shlex.split(start), prompt="file").launch(brief)
    assert launch.argv == tuple(shlex.split(argv))


def test_a_prompt_that_looks_like_a_place_is_not_filled_again() -> None:
    brief = Brief(prompt="Use {model}.", workspace="/w", scratch="/s", model="m")
    driver = _driver("a", "{prompt}", prompt="argument")
    assert driver.launch(brief).argv == ("a", "Use {model}.")
    assert driver.launch(brief).stdin == ""


def test_prompt_on_stdin_or_in_a_file() -> None:
    assert _driver().launch(BRIEF).stdin == "Do it."
    assert _driver().launch(BRIEF).files == {}
    by_file = _driver("a", "{promptFile}", prompt="file").launch(BRIEF)
    assert by_file.stdin == ""
    assert by_file.files == {"/scratch/prompt.md": b"Do it."}


EQUIPPED = replace(
    BRIEF,
    home="/home/me",
    guide="Read me.",
    skills=(GREET,),
    commands=(SHOUT,),
    images=("/a", "/b"),
)


def test_instructions_skills_and_commands_lie_below_its_home() -> None:
    files = {"instructions": ".m/RULES.md", "skills": ".m/skills/", "commands": ".m/commands"}
    launch = _driver("a", files=files).launch(EQUIPPED)
    assert sorted(launch.files) == [
        "/home/me/.m/RULES.md",
        "/home/me/.m/commands/shout.md",
        "/home/me/.m/skills/greet/SKILL.md",
        "/home/me/.m/skills/greet/bin/ahoy",
    ]
    assert launch.executable == {"/home/me/.m/skills/greet/bin/ahoy"}


def test_its_files_never_lie_in_the_work_tree() -> None:
    with pytest.raises(Misconfigured, match="work tree"):
        _driver("a", files={"skills": "repo/skills"}).launch(
            replace(EQUIPPED, workspace="/home/me/repo")
        )


def test_a_command_may_be_told_where_its_files_are() -> None:
    start = ("a", "--rules={instructionsFile}", "--skills", "{skillsFolder}", "{commandsFolder}")
    launch = _driver(*start).launch(EQUIPPED)
    assert launch.argv == (
        "a",
        "--rules=/scratch/instructionsFile",
        *("--skills", "/scratch/skillsFolder"),
        "/scratch/commandsFolder",
    )
    assert launch.files["/scratch/instructionsFile"] == b"Read me.\n"
    assert "/scratch/skillsFolder/greet/SKILL.md" in launch.files
    assert _driver(*start).launch(BRIEF).argv == ("a",)
    assert _driver(*start).launch(BRIEF).files == {}


@pytest.mark.parametrize(
    ("start", "argv"),
    [
        (("a", "-i", "{image}", "-x"), ("a", "-i", "/a", "-i", "/b", "-x")),
        (("a", "--image={image}"), ("a", "--image=/a", "--image=/b")),
        (("a", "run", "{image}"), ("a", "run", "/a", "/b")),
    ],
)
def test_what_holds_a_picture_is_repeated(start: tuple[str, ...], argv: tuple[str, ...]) -> None:
    assert _driver(*start).launch(EQUIPPED).argv == argv
    assert _driver(*start).launch(EQUIPPED).stdin == "Do it."
    bare = tuple(word for word in start if "{image}" not in word and word != "-i")
    assert _driver(*start).launch(BRIEF).argv == bare


def test_pictures_without_a_place_are_named_in_the_prompt() -> None:
    told = _driver("a").launch(EQUIPPED).stdin
    assert told == "Do it.\n\nPictures that belong to this:\n\n- /a\n- /b\n"
    by_file = _driver("a", "{promptFile}", prompt="file").launch(EQUIPPED)
    assert b"- /a\n- /b" in by_file.files["/scratch/prompt.md"]


def test_without_a_way_to_go_on_every_turn_starts_anew() -> None:
    resumed = Brief(prompt="go", workspace="/w", scratch="/s", session="abc")
    assert _driver("a").launch(resumed).argv == ("a",)
    on = {"continue": ["a", "--resume", "{session}"]}
    assert _driver("a", **on).launch(resumed).argv == ("a", "--resume", "abc")
    assert _driver("a", **on).launch(BRIEF).argv == ("a",)


def test_variables_and_secrets_of_the_step_come_before_those_described() -> None:
    env = [
        {"name": "MODE", "value": "fast"},
        {"name": "LEVEL", "value": "1"},
        {"name": "KEY", "secretRef": "TEAM_KEY"},
        {"name": "TOKEN", "secretRef": "TOKEN"},
    ]
    driver = _driver("a", env=env)
    assert driver.launch(BRIEF).env == {"MODE": "fast", "LEVEL": "1"}
    assert driver.launch(BRIEF).secrets == ("KEY=TEAM_KEY", "TOKEN")
    brief = Brief(
        prompt="", workspace="/w", scratch="/s", env={"LEVEL": "2"}, secrets=("KEY=MY_KEY",)
    )
    assert driver.launch(brief).env == {"MODE": "fast", "LEVEL": "2"}
    assert driver.launch(brief).secrets == ("KEY=MY_KEY", "TOKEN")


def test_one_json_value_over_many_lines() -> None:
    paths = {"format": "json", "text": "reply.0.text", "session": "id", "error": "error"}
    used = {"inputTokens": "stats.in", "outputTokens": "stats.out", "costUsd": "stats.usd"}
    translator = _driver(output=paths, usage=used).translator(BRIEF)
    value = {"id": 7, "reply": [{"text": "Done."}], "stats": {"in": 9, "out": 2, "usd": 0.5}}
    lines = ["Loading ...", *json.dumps(value, indent=2).splitlines(), "bye"]
    events = [event for line in lines for event in translator.line(line)]
    used_up = Usage(input_tokens=9, output_tokens=2, cost_usd=Decimal("0.5"))
    assert events == [
        SessionStarted(session="7"),
        TextWritten(text="Done."),
        UsageReported(usage=used_up),
    ]
    outcome = translator.outcome(0, stderr="")
    assert (outcome.text, outcome.session, outcome.usage) == ("Done.", "7", used_up)


def test_an_error_counts_unless_the_agent_went_on() -> None:
    paths = {"format": "jsonLines", "text": "text", "error": "error.message"}
    driver = _driver(output=paths)
    failed = '{"error": {"message": "Incorrect API key"}}'
    translator = driver.translator(BRIEF)
    assert translator.line(failed) == (ErrorReported(message="Incorrect API key"),)
    assert translator.outcome(0, stderr="").reason == "BadKey"
    translator.line('{"text": "Went on."}')
    assert translator.outcome(0, stderr="").reason == "Completed"


@pytest.mark.parametrize(
    ("exit_code", "stderr", "reason", "says"),
    [
        (None, "", "Stopped", "stopped"),
        (0, "", "EmptyResult", "without an answer"),
        (127, "sh: 1: agent: not found", "ToolMissing", "template"),
        (126, "agent: Argument list too long", "PromptTooLong", "stdin or file"),
        (-9, "", "Crashed", "signal 9"),
        (1, "HTTP 503 from upstream", "Overloaded", "503"),
    ],
)
def test_endings(exit_code: int | None, stderr: str, reason: str, says: str) -> None:
    outcome = _driver().translator(BRIEF).outcome(exit_code, stderr=stderr)
    assert outcome.reason == reason
    assert says in outcome.message


def test_only_the_end_of_a_long_text_is_kept() -> None:
    translator = _driver().translator(BRIEF)
    for number in range(3000):
        translator.line(f"{number:04} " + "x" * 95)
    text = translator.outcome(0, stderr="").text
    assert 99_000 < len(text) <= 100_000
    assert text.endswith("2999 " + "x" * 95)


def test_the_end_of_a_turn_is_what_its_description_says() -> None:
    paths = {"format": "jsonLines", "text": "text", "end": "final"}
    translator = _driver(output=paths).translator(BRIEF)
    seen = []
    for line in ('{"text": "a", "final": false}', '{"final": "yes"}', '{"text": "b"}'):
        translator.line(line)
        seen.append(translator.finished)
    assert seen == [False, True, False]
    assert translator.outcome(None, stderr="").reason == "Stopped"
    translator.line('{"final": 1}')
    assert translator.outcome(None, stderr="").text == "b"


def test_one_json_value_is_the_end_and_plain_text_never() -> None:
    whole = _driver(output={"format": "json", "text": "text"}).translator(BRIEF)
    plain = _driver().translator(BRIEF)
    for translator in (whole, plain):
        assert not translator.finished
        translator.line('{"text": "Done."}')
    assert (whole.finished, plain.finished) == (True, False)
    assert whole.outcome(None, stderr="").status == "completed"
    assert plain.outcome(None, stderr="").reason == "Stopped"
