"""Skills, commands, scripts, contexts and settings of sessions, frozen into steps."""

from collections.abc import Mapping

import pytest

from courier.planning.asked.explanation import explain
from courier.planning.asked.library import MOST_BYTES, MOST_FILES, AssetFile, Found, Library, Wish
from courier.planning.asked.sessions import session_settings
from courier.planning.asked.skills import digest
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import freeze
from courier.planning.plan import Held, StartRun
from courier.planning.planner import plan
from courier.runs.run.frozen import FrozenPlan
from tests.unit.planning.catalogs import document as text_of
from tests.unit.planning.catalogs import reading
from tests.unit.planning.world import DRIVERS, NOW, observed

RUN = Ref("Run", "fix-auth")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SKILL = b"---\nname: tdd\ndescription: Test first.\n---\n\nWrite a test.\n"
PROJECT = {"p.yaml": text_of("Project", "demo")}
ASKED = {"r.yaml": text_of("Run", "fix-auth", "workflow: fix\nprompt: Fix it.")}
SKILLED = PROJECT | ASKED | {"skills/tdd/SKILL.md": SKILL.decode()}


def asset(path: str, content: bytes = b"x", *, executable: bool = False) -> AssetFile:
    return AssetFile(path, "executable" if executable else "file", len(content), content)


def flow(steps: str = "- {name: design, type: designer}", **fields: str) -> dict[str, str]:
    listed = "\n".join(f"{name}: {value}" for name, value in fields.items())
    indented = "\n".join(f"  {line}" for line in steps.splitlines())
    body = f"type: pipeline\n{listed}\nsteps:\n{indented}"
    return {"w.yaml": text_of("Workflow", "fix", body)}


def decide(
    files: Mapping[str, str], found: Mapping[Wish, Found] | None = None
) -> tuple[FrozenPlan | Held, tuple[Wish, ...]]:
    read = reading(dict(files))
    assert not [each for each in read.diagnostics if each.severity == "error"], read.diagnostics
    library = Library()
    for wish, each in (found or {}).items():
        library.put(wish, each)
    told = freeze(read.catalog, RUN, observed=observed(), drivers=DRIVERS, library=library)
    return told, library.wishes()


def frozen(files: Mapping[str, str], found: Mapping[Wish, Found] | None = None) -> FrozenPlan:
    told, wishes = decide(files, found)
    assert isinstance(told, FrozenPlan), told
    assert wishes == ()
    return told


def refused(files: Mapping[str, str], found: Mapping[Wish, Found] | None = None) -> str:
    told, _ = decide(files, found)
    assert isinstance(told, Held), told
    assert told.reason == "Blocked"
    return told.message


FOLDER = Wish(".courier/skills/tdd")


def test_what_is_not_read_yet_is_wished_for() -> None:
    told, wishes = decide(SKILLED | flow(skills="[tdd]"))
    assert isinstance(told, Held)
    assert "were not read" in told.message
    assert wishes == (FOLDER,)


def test_a_skill_is_frozen_with_every_file_main_first() -> None:
    files = (asset("SKILL.md", SKILL), asset("a/run.sh", b"\x00\xff", executable=True))
    plan = frozen(SKILLED | flow(skills="[tdd]"), {FOLDER: Found(files)})
    (skill,) = plan.steps[0].skills
    assert [(each.path, each.content, each.executable) for each in skill.files] == [
        ("SKILL.md", SKILL, False),
        ("a/run.sh", b"\x00\xff", True),
    ]
    assert FrozenPlan.model_validate_json(plan.model_dump_json(by_alias=True)) == plan
    told = {(each.kind, each.name): each.digest for each in plan.inputs}
    assert told["Skill", "tdd"] == digest(skill)
    assert plan.steps[0].origins["skills.tdd"].startswith("Workflow/fix spec.skills[0] (")


def test_a_change_of_any_file_or_bit_changes_the_digest() -> None:
    variants = [
        (asset("SKILL.md", SKILL),),
        (asset("SKILL.md", SKILL), asset("a")),
        (asset("SKILL.md", SKILL), asset("b")),
        (asset("SKILL.md", SKILL), asset("a", b"y")),
        (asset("SKILL.md", SKILL), asset("a", executable=True)),
    ]
    plans = [frozen(SKILLED | flow(skills="[tdd]"), {FOLDER: Found(each)}) for each in variants]
    assert len({digest(plan.steps[0].skills[0]) for plan in plans}) == len(variants)


def test_a_skill_that_is_a_document_or_lacks_a_name_gets_front_matter() -> None:
    skill = text_of("Skill", "tdd", "description: 'Say: test'\nbody: Write a test.\nlicense: MIT")
    plan = frozen(PROJECT | ASKED | {"s.yaml": skill} | flow(skills="[tdd]"))
    expected = b'---\nname: "tdd"\ndescription: "Say: test"\nlicense: "MIT"\n---\n\nWrite a test.\n'
    assert plan.steps[0].skills[0].files[0].content == expected
    nameless = "---\ndescription: Test first.\n---\nWrite a test.\n"
    files = SKILLED | {"skills/tdd/SKILL.md": nameless} | flow(skills="[tdd]")
    plan = frozen(files, {FOLDER: Found((asset("SKILL.md", nameless.encode()),))})
    assert plan.steps[0].skills[0].files[0].content.startswith(b'---\nname: "tdd"\n')


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([AssetFile("x", "link", 3, b"/up")], [".courier/skills/tdd/x", "symbolic link"]),
        ([AssetFile("sub", "module", 0)], [".courier/skills/tdd/sub", "another repository"]),
        ([asset(f"f{at}") for at in range(MOST_FILES + 1)], ["has 201", "200 files"]),
        ([AssetFile("big", "file", MOST_BYTES + 1)], ["big", "2,097,153", "2,097,152"]),
        ([asset("a\nb")], ["cannot be printed"]),
    ],
)
def test_a_skill_that_cannot_be_given_is_told_with_its_place(
    files: list[AssetFile], words: list[str]
) -> None:
    told = refused(SKILLED | flow(skills="[tdd]"), {FOLDER: Found(tuple(files))})
    for word in (".courier/skills/tdd", *words):
        assert word in told


def test_skills_of_all_steps_are_bounded_together() -> None:
    steps = "\n".join(f"- {{name: s{at}, type: designer}}" for at in range(9))
    files = (asset("SKILL.md", SKILL), asset("big", b"x" * (MOST_BYTES - 1000)))
    told = refused(SKILLED | flow(steps, skills="[tdd]"), {FOLDER: Found(files)})
    assert "16,777,216" in told


def test_assets_of_workflow_persona_and_step_are_joined_in_that_order_each_once() -> None:
    commands = {f"commands/{name}.md": f"Say {name}.\n" for name in ("a", "b", "c")}
    persona = text_of("Persona", "ann", "type: designer\ncommands: [b, a]")
    steps = "- {name: design, persona: ann, commands: [c, a]}"
    plan = frozen(PROJECT | ASKED | commands | {"q.yaml": persona} | flow(steps, commands="[a]"))
    step = plan.steps[0]
    assert [each.name for each in step.commands] == ["a", "b", "c"]
    assert step.commands[0].prompt == "Say a."
    origins = {name: origin.split(" (")[0] for name, origin in step.origins.items()}
    assert origins["commands.a"] == "Workflow/fix spec.commands[0]"
    assert origins["commands.b"] == "Persona/ann spec.commands[0]"
    assert origins["commands.c"] == "Workflow/fix spec.steps[0].commands[0]"
    told = {(each.kind, each.name) for each in plan.inputs}
    assert {("Command", "a"), ("Command", "b"), ("Command", "c")} <= told


def test_what_is_not_enabled_is_left_out() -> None:
    files = {
        "c.yaml": text_of("Command", "lint", "run: make lint\nenabled: false"),
        "s.yaml": text_of("Script", "set-up", "when: preStep\nrun: make\nenabled: false"),
    }
    step = frozen(PROJECT | ASKED | files | flow(commands="[lint]", scripts="[set-up]")).steps[0]
    assert (step.commands, step.scripts) == ((), ())
    assert "commands.lint" not in step.origins


def test_the_shell_gets_commands_and_no_skills() -> None:
    files = {
        "c.yaml": text_of("Command", "lint", "run: make lint"),
        "commands/ask.md": "Ask.\n",
    }
    steps = "- {name: test, type: checker, run: lint}"
    plan = frozen(SKILLED | files | flow(steps, commands="[lint, ask]", skills="[tdd]"))
    assert [each.name for each in plan.steps[0].commands] == ["lint", "ask"]
    assert plan.steps[0].skills == ()


def test_what_an_agent_cannot_use_is_told_with_those_that_can() -> None:
    files = {"commands/ask.md": "Ask.\n", "c.yaml": text_of("Command", "lint", "run: lint")}
    steps = "- {name: design, type: designer}\n- {name: test, type: checker, run: x}"
    project = {"p.yaml": text_of("Project", "demo", "agent: codex")}
    asked = project | ASKED | files | flow(steps, commands="[lint, ask]")
    catalog = reading({**asked}).catalog
    found = plan(catalog, observed(), now=NOW, drivers={"codex", "shell"})
    (start,) = found.actions
    assert isinstance(start, StartRun)
    (told,) = start.warnings
    assert told.startswith('Step "design": Agent "codex" has no folder')
    assert "claude, opencode, pi" in told
    assert told.endswith("It is written in Workflow/fix spec.commands[1] (.courier/w.yaml:7:20).")


def test_scripts_are_frozen_whole() -> None:
    files = {
        "s.yaml": text_of(
            "Script",
            "set-up",
            "when: preRun\ninterpreter: python3\nrun: print(1)\ntimeout: 90s\nonFailure: warn",
        ),
        "t.yaml": text_of("Script", "tool", "when: onDemand\nfile: tools/x.sh"),
        "u.yaml": text_of("Script", "mine", "when: postStep\nfile: .courier/scripts/mine.sh"),
    }
    wish = Wish(".courier/scripts/mine.sh")
    asked = PROJECT | ASKED | files | flow(scripts="[set-up, tool, mine]")
    plan = frozen(asked, {wish: Found((asset("", b"echo mine\n"),))})
    first, second, third = plan.steps[0].scripts
    assert (first.when, first.interpreter, first.run) == ("preRun", "python3", "print(1)")
    assert (first.timeout_seconds, first.on_failure) == (90, "warn")
    assert (second.run, second.file) == (None, "tools/x.sh")
    assert (third.run, third.file) == ("echo mine\n", ".courier/scripts/mine.sh")
    assert ("File", ".courier/scripts/mine.sh") in {(each.kind, each.name) for each in plan.inputs}
    for wrong in (Found(), Found((asset("", b"\xff"),)), Found((asset("a"), asset("b")))):
        told = refused(asked, {wish: wrong})
        assert ".courier/u.yaml:7:" in told
        assert "no file of text" in told


def test_two_programs_of_one_name_are_refused() -> None:
    files = {
        "c.yaml": text_of("Command", "lint", "run: make lint"),
        "s.yaml": text_of("Script", "lint", "when: onDemand\nrun: make lint"),
    }
    told = refused(PROJECT | ASKED | files | flow(commands="[lint]", scripts="[lint]"))
    assert "rename one" in told
    assert ".courier/s.yaml" in told


PINNED = {"contexts/style.md": f"---\npin: '{COMMIT}'\n---\nNew words.\n"}
THEN = Wish(".courier/contexts/style.md", COMMIT)


def test_a_pinned_context_says_what_it_said_then() -> None:
    old = Found((asset("", b"Old words.\n"),), COMMIT)
    plan = frozen(PROJECT | ASKED | PINNED | flow(context="[style]"), {THEN: old})
    (context,) = plan.steps[0].contexts
    assert (context.content, context.version) == ("Old words.", COMMIT)
    (told,) = [each for each in plan.inputs if each.kind == "Context"]
    assert told.version == COMMIT


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Found(), "not in the history"),
        (Found((), COMMIT), "did not hold it then"),
        (Found((asset("", b"---\nname: other\n---\nx\n"),), COMMIT), "did not hold it then"),
        (Found((asset("", b"\xff\xfe"),), COMMIT), "did not hold it then"),
    ],
)
def test_a_pin_that_leads_nowhere_is_told_with_its_place(found: Found, words: str) -> None:
    told = refused(PROJECT | ASKED | PINNED | flow(context="[style]"), {THEN: found})
    assert words in told
    assert ".courier/contexts/style.md:2:6" in told
    assert "courier context history style" in told


def test_contexts_bound_to_a_kind_of_session_reach_steps_of_that_type_alone() -> None:
    files = {
        "contexts/scale.md": "---\nsessions: [evaluator, issue]\n---\nRate.\n",
        "contexts/api.md": "The API.\n",
    }
    steps = "- {name: design, type: designer}\n- {name: rate, type: evaluator}"
    plan = frozen(PROJECT | ASKED | files | flow(steps, context="[api]"))
    design, rate = plan.steps
    assert [each.name for each in design.contexts] == ["api"]
    assert [each.name for each in rate.contexts] == ["scale", "api"]
    assert rate.origins["context.scale"].startswith("Context/scale spec.sessions (")


SESSIONS = """\
model: opus
sessions:
  evaluator:
    model: haiku
    effort: low
    prompt: Be strict.
    commands: [ask]
  answering: {agent: shell}
"""


def test_settings_of_sessions_lie_between_project_and_workflow() -> None:
    files = {"p.yaml": text_of("Project", "demo", SESSIONS), "commands/ask.md": "Ask.\n"}
    steps = """\
- {name: design, type: designer}
- {name: rate, type: evaluator, instructions: Look twice.}
- {name: again, type: evaluator, model: sonnet}"""
    plan = frozen(ASKED | files | flow(steps, instructions="Be brief."))
    design, rate, again = plan.steps
    assert (design.model, design.commands) == ("opus", ())
    assert (rate.model, rate.effort, again.model) == ("haiku", "low", "sonnet")
    assert rate.instructions == "Be strict.\n\nBe brief.\n\nLook twice."
    assert [each.name for each in rate.commands] == ["ask"]
    assert rate.origins["model"].startswith("Project/demo spec.sessions.evaluator.model (")


def test_later_sessions_read_their_settings_with_origins() -> None:
    files = {
        "p.yaml": text_of("Project", "demo", SESSIONS),
        "commands/ask.md": "Ask.\n",
        "contexts/scale.md": "---\nsessions: [evaluator, issue]\n---\nRate.\n",
    }
    catalog = reading({**files}).catalog
    project = Ref("Project", "demo")
    rating = session_settings(catalog, project, "evaluator")
    assert (rating.values.text("model"), rating.values.text("agent")) == ("haiku", "claude")
    assert rating.values["model"].origin.startswith("Project/demo spec.sessions.evaluator.model")
    assert rating.prompt == "Be strict."
    assert [(each.field, each.ref.name) for each in rating.given] == [
        ("context", "scale"),
        ("commands", "ask"),
    ]
    issue = session_settings(catalog, project, "issue")
    assert (issue.values.text("model"), issue.prompt) == ("opus", "")
    assert [each.ref.name for each in issue.given] == ["scale"]


def test_explaining_tells_what_a_step_is_given_and_where() -> None:
    files = {"c.yaml": text_of("Command", "lint", "run: make lint\nenabled: false")}
    asked = SKILLED | PINNED | files | flow(context="[style]", commands="[lint]")
    catalog = reading({**asked}).catalog
    told = explain(catalog, RUN)["design"]
    assert told["context.style"].value == f"pinned to {COMMIT}"
    assert told["commands.lint"].value == "program, not enabled"
    assert told["commands.lint"].origin.startswith("Workflow/fix spec.commands[0] (")
