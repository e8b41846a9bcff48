from decimal import Decimal

import pytest

from courier.planning.asked.explanation import explain
from courier.planning.documents.references import Ref
from courier.planning.freezing.executable import same_repository
from courier.planning.freezing.freeze import freeze, spec_digest
from courier.planning.freezing.tips import branches_wanted
from courier.planning.plan import Held
from courier.runs.run.frozen import FrozenInput, FrozenPlan
from courier.runs.run.loops import way_back
from tests.unit.planning.world import (
    COMMIT,
    DRIVERS,
    Json,
    catalog,
    document,
    observed,
    project,
    run,
    workflow,
)

RUN = Ref("Run", "fix-auth")


def frozen(*documents: Json, branches: dict[str, str] | None = None) -> FrozenPlan:
    found = freeze(catalog(*documents), RUN, observed=observed(branches=branches), drivers=DRIVERS)
    assert isinstance(found, FrozenPlan), found
    return found


def held(*documents: Json, repository: str = "https://example.test/acme/shop.git") -> Held:
    seen = observed(repository=repository)
    found = freeze(catalog(*documents), RUN, observed=seen, drivers=DRIVERS)
    assert isinstance(found, Held), found
    return found


def test_a_bare_run_of_a_bare_workflow_is_designed_and_checked() -> None:
    found = frozen(project(), workflow(), run())
    assert [(step.name, step.type, step.gives_verdict) for step in found.steps] == [
        ("design", "designer", False),
        ("check", "checker", True),
    ]
    assert {(step.agent, step.model, step.timeout_seconds) for step in found.steps} == {
        ("claude", None, 900)
    }
    assert (found.loop.max_iterations, found.loop.on_exhausted) == (3, "fail")
    assert (found.git.base_branch, found.git.base_commit) == ("main", COMMIT)
    assert found.git.branch == "courier/fix-auth"
    assert (found.project, found.workflow, found.source) == ("demo", "fix", "manual")
    assert found.delivery.protected_paths == (".courier/**", ".github/**")
    assert found.budget_usd is None


def test_a_single_workflow_has_one_step_and_does_not_loop() -> None:
    found = frozen(project(), workflow(type="single"), run())
    assert [(step.name, step.gives_verdict) for step in found.steps] == [("design", False)]
    assert way_back(found, found.steps[0]) is None


def test_a_single_checker_gives_a_verdict() -> None:
    steps = [{"name": "look", "type": "checker"}]
    found = frozen(project(), workflow(type="single", steps=steps), run())
    assert found.steps[0].gives_verdict


def test_commands_make_a_step_of_the_shell() -> None:
    steps = [
        {"name": "design", "type": "designer"},
        {"name": "check", "type": "checker", "run": "t"},
    ]
    found = frozen(project(model="opus"), workflow(steps=steps), run(agent="claude", effort="max"))
    design, check = found.steps
    assert (design.agent, design.model, design.effort) == ("claude", "opus", "max")
    assert (check.agent, check.model, check.effort, check.run) == ("shell", None, None, "t")
    assert check.origins["agent"].startswith("Workflow/fix spec.steps[1].run")
    assert check.origins["run"] == check.origins["agent"]


def test_every_value_keeps_where_it_was_written() -> None:
    documents = (
        project(model="opus"),
        workflow(effort="high"),
        run(overrides={"check": {"model": "haiku", "timeout": "5m"}}),
    )
    design, check = frozen(*documents).steps
    assert design.origins == {
        "agent": "built-in",
        "model": "Project/demo spec.model (.courier/project-demo.yaml:6:10)",
        "effort": "Workflow/fix spec.effort (.courier/workflow-fix.yaml:7:11)",
        "timeout": "built-in",
    }
    assert (check.model, check.timeout_seconds) == ("haiku", 300)
    assert check.origins["model"].startswith("Run/fix-auth spec.overrides.check.model")


def test_an_override_replaces_commands_or_takes_them_away() -> None:
    steps = [{"name": "design", "type": "designer", "run": "old"}]
    flow = workflow(type="single", steps=steps)
    replaced = frozen(project(), flow, run(overrides={"design": {"run": "new"}})).steps[0]
    taken = frozen(project(), flow, run(overrides={"design": {"agent": "claude"}})).steps[0]
    assert (replaced.agent, replaced.run) == ("shell", "new")
    assert replaced.origins["run"].startswith("Run/fix-auth spec.overrides.design.run")
    assert (taken.agent, taken.run) == ("claude", None)


def test_a_persona_gives_type_choice_instructions_and_context() -> None:
    persona = document(
        "Persona",
        "tester",
        {
            "type": "checker",
            "model": "sonnet",
            "instructions": "Be strict.",
            "context": ["style", "api"],
            "env": [{"name": "MODE", "value": "persona"}],
        },
    )
    contexts = [
        document("Context", name, {"content": f"About {name}."}) for name in ("style", "api", "all")
    ]
    steps = [
        {"name": "design", "type": "designer"},
        {"name": "check", "persona": "tester", "instructions": "Run it.", "context": ["style"]},
    ]
    flow = workflow(steps=steps, instructions="Keep it small.", context=["all"])
    _, check = frozen(project(), flow, persona, *contexts, run()).steps
    assert (check.type, check.persona, check.model) == ("checker", "tester", "sonnet")
    assert check.instructions == "Keep it small.\n\nBe strict.\n\nRun it."
    assert [context.name for context in check.contexts] == ["all", "style", "api"]
    assert check.contexts[1].content == "About style."
    assert check.env == {"MODE": "persona"}


def test_variables_are_merged_and_secrets_stay_names() -> None:
    steps = [{"name": "design", "type": "designer", "env": [{"name": "B", "secretRef": "B"}]}]
    documents = (
        project(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
        workflow(
            type="single",
            steps=steps,
            env=[{"name": "A", "value": "3"}, {"name": "TOKEN", "secretRef": "TOKEN"}],
        ),
        run(),
    )
    (design,) = frozen(*documents).steps
    assert design.env == {"A": "3"}
    assert design.secrets == ("B", "TOKEN")


def test_a_secret_may_go_by_another_name_in_the_process() -> None:
    renamed = [{"name": "DATABASE", "secretRef": "PROD_DATABASE"}]
    design, _ = frozen(project(env=renamed), workflow(), run()).steps
    assert design.secrets == ("DATABASE=PROD_DATABASE",)


def test_a_plain_value_replaces_a_secret_of_that_name() -> None:
    secret = [{"name": "A", "secretRef": "A"}]
    plain = [{"name": "A", "value": "1"}]
    design, _ = frozen(project(env=secret), workflow(env=plain), run()).steps
    assert (design.env, design.secrets) == ({"A": "1"}, ())


def test_inputs_are_put_into_prompt_and_instructions_but_not_into_commands() -> None:
    steps = [
        {"name": "design", "type": "designer", "instructions": "Only {{inputs.area}}."},
        {"name": "check", "type": "checker", "run": "echo {{ inputs.area }}"},
    ]
    found = frozen(
        project(),
        workflow(steps=steps),
        run(prompt="# Fix {{ inputs.area }}\n\nNow.", inputs={"area": "login"}),
    )
    assert (found.task, found.title) == ("# Fix login\n\nNow.", "Fix login")
    assert found.steps[0].instructions == "Only login."
    assert found.steps[1].run == "echo {{ inputs.area }}"


def test_run_wide_values_are_merged_by_precedence() -> None:
    found = frozen(
        project(
            budgets={"perRun": 5},
            git={"name": "bot", "email": "bot@example.test", "branchPrefix": "ai/"},
            delivery={"labels": ["agent"], "maxFiles": 10},
            sandbox={"reuse": "perRun", "timeout": "1h"},
            instructions="Be kind.",
            guide="Tests live in tests/.",
        ),
        workflow(
            loops={"maxIterations": 5, "onExhausted": "deliverDraft"}, delivery={"maxFiles": 20}
        ),
        run(budget=0.1, delivery={"draft": True}, sandbox={"egress": "none"}),
    )
    assert found.budget_usd == Decimal("0.1")
    assert (found.git.author_name, found.git.branch) == ("bot", "ai/fix-auth")
    assert (found.delivery.labels, found.delivery.max_files) == (("agent",), 20)
    assert found.delivery.draft
    assert (found.sandbox.reuse, found.sandbox.network) == ("perRun", False)
    assert found.sandbox.timeout_seconds == 3600
    assert (found.loop.max_iterations, found.loop.on_exhausted) == (5, "deliverDraft")
    assert found.project_instructions == "Be kind."
    assert found.guide == "Tests live in tests/."


def test_a_run_may_start_from_another_branch() -> None:
    found = frozen(project(), workflow(), run(base="next", branch="b"), branches={"next": "c2"})
    assert (found.git.base_branch, found.git.base_commit, found.git.branch) == ("next", "c2", "b")


def test_inputs_of_the_run_are_listed_with_their_digests() -> None:
    documents = (project(), workflow(), run())
    digests = catalog(*documents).documents
    assert frozen(*documents).inputs == tuple(
        FrozenInput(kind=kind, name=name, digest=digests[Ref(kind, name)].digest)
        for kind, name in (("Project", "demo"), ("Workflow", "fix"), ("Run", "fix-auth"))
    )


@pytest.mark.parametrize(
    ("documents", "word"),
    [
        ((project(agent="codex"), workflow(), run()), '"codex" cannot be run yet'),
        ((project(agent="codex"), workflow(), run()), "work today: claude, shell"),
        ((project(repository={"url": "https://example.test/x/y"}), workflow(), run()), "another"),
        ((project(), workflow(), run(sandbox={"egress": "listed"})), "allowed hosts"),
    ],
)
def test_what_is_not_executed_yet_is_held_in_plain_words(
    documents: tuple[Json, ...], word: str
) -> None:
    found = held(*documents)
    assert found.reason == "NotExecutedYet"
    assert word in found.message
    assert found.position == ".courier/run-fix-auth.yaml:1:1"


@pytest.mark.parametrize(
    ("documents", "word"),
    [
        ((project(), workflow(), run(base="gone")), '"gone" to start from does not exist'),
        ((project(), workflow(), run(branch="main")), 'cannot go to branch "main"'),
        ((project(), workflow(), run(branch="courier/state")), '"courier/state"'),
        ((project(agent="shell"), workflow(), run()), "nothing to run"),
        ((project(), workflow(), run(prompt="Fix {{ inputs.what }}.")), "inputs.what"),
        ((project(), run()), "Workflow/fix does not exist"),
        ((project(sandbox={"template": "big"}), workflow(), run()), "Template/big does not exist"),
        ((workflow(), run()), "belongs to no Project"),
        (
            (
                project(),
                workflow(type="single", steps=[{"name": "a", "persona": "p"}]),
                document("Persona", "p", {"type": "designer", "enabled": False}),
                run(),
            ),
            "not enabled",
        ),
    ],
)
def test_what_cannot_be_done_is_blocked_and_says_why(
    documents: tuple[Json, ...], word: str
) -> None:
    found = held(*documents)
    assert found.reason == "Blocked"
    assert word in found.message


def test_work_that_starts_elsewhere_cannot_go_to_the_tracked_branch() -> None:
    documents = catalog(project(), workflow(), run(base="next", branch="main"))
    seen = observed(branches={"next": "c2"})
    found = freeze(documents, RUN, observed=seen, drivers=DRIVERS)
    assert isinstance(found, Held)
    assert 'cannot go to branch "main"' in found.message


def test_branches_that_runs_start_from_are_known_beforehand() -> None:
    documents = catalog(
        project(repository={"defaultBranch": "develop"}),
        workflow(),
        run("a", base="next"),
        run("b", base="main"),
        run("c"),
    )
    assert branches_wanted(documents, "main") == {"develop", "next"}


def test_github_takes_a_clone_of_a_repository_with_an_owner() -> None:
    documents = catalog(project(repository={"forge": "github"}), workflow(), run())
    here = freeze(documents, RUN, observed=observed(), drivers=DRIVERS)
    assert isinstance(here, FrozenPlan)
    assert here.delivery.forge == "github"
    folder = freeze(documents, RUN, observed=observed(repository="/srv/x.git"), drivers=DRIVERS)
    assert isinstance(folder, Held)
    assert 'Forge "github" needs a clone' in folder.message


def test_all_that_is_in_the_way_is_told_at_once() -> None:
    found = held(project(agent="shell"), workflow(), run(base="gone"))
    assert "gone" in found.message
    assert '"design"' in found.message
    assert '"check"' in found.message


def test_a_project_may_name_the_tracked_repository() -> None:
    named = project(repository={"url": "git@example.test:acme/shop.git"})
    assert frozen(named, workflow(), run()).project == "demo"


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("https://h.test/a/b.git", "git@h.test:a/b", True),
        ("ssh://git@h.test/a/b", "https://user:x@H.test/a/b/", True),
        ("file:///srv/a.git", "/srv/a", True),
        ("https://h.test/a/b", "https://h.test/a/c", False),
        ("https://h.test/a/b", "", False),
    ],
)
def test_one_repository_has_several_addresses(left: str, right: str, same: bool) -> None:
    assert same_repository(left, right) is same
    assert same_repository(right, left) is same


def test_the_spec_digest_follows_values_not_their_writing_nor_the_wish_to_cancel() -> None:
    base: Json = {"workflow": "fix", "prompt": "Do."}
    assert spec_digest(base) == spec_digest({"prompt": "Do.", "workflow": "fix"})
    assert spec_digest(base) == spec_digest(base | {"desiredState": "cancelled"})
    assert spec_digest(base) != spec_digest(base | {"prompt": "Do it."})
    assert spec_digest({"prompt": "\ud800"})


def test_titles_are_one_bounded_line() -> None:
    long = frozen(project(), workflow(), run(prompt="\n\n## " + "word " * 50 + "\nmore"))
    assert len(long.title) <= 100
    assert long.title.endswith("…")
    assert "\n" not in long.title


def test_values_can_be_explained_by_step_and_for_the_run() -> None:
    documents = catalog(project(model="opus"), workflow(), run(sandbox={"timeout": "1h"}))
    found = explain(documents, RUN)
    assert list(found) == ["", "design", "check"]
    assert found["design"]["model"].value == "opus"
    assert found["design"]["sandbox.timeout"].value == "1h"
    assert found[""]["delivery.maxFiles"].value == "500"
    assert found[""]["git.branchPrefix"].origin == "built-in"
    assert "model" not in found[""]
