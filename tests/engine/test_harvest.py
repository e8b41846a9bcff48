"""Runs whose answer becomes files: the host's commit, one repair turn, nothing lost."""

from collections.abc import Mapping

import pytest

from tests.engine.harvests import ANSWER, ISSUE, OTHER, fenced, says, scan_plan
from tests.engine.worlds import Scene, git


def changed(here: Scene, run: str = "scan-weekly") -> list[str]:
    return git(here.origin, "diff", "--name-only", "main", f"courier/{run}").splitlines()


async def test_the_shell_s_answer_becomes_files_and_what_it_changed_is_thrown_away(
    here: Scene,
) -> None:
    commands = f"echo changed > value; cat <<'END'\n{fenced(ANSWER)}\nEND"
    state = await here.run(scan_plan(here, commands))
    assert state.phase.value == "completed"
    assert changed(here) == [
        ".courier/answers/weekly-1.yaml",
        ".courier/issues/keep-less.yaml",
        ".courier/issues/the-value-is-wrong.yaml",
    ]
    shown = git(here.origin, "show", "courier/scan-weekly:.courier/issues/the-value-is-wrong.yaml")
    assert shown.splitlines() == [
        "apiVersion: courier/v1",
        "kind: Issue",
        "metadata:",
        "  name: the-value-is-wrong",
        "spec:",
        "  title: The value is wrong",
        "  description: |-",
        "    `value` holds none.",
        "",
        "    It should hold right.",
        "  priority: high",
        "  suggestedPrompt: Write right into the file value.",
        "  assumptions:",
        "    - Nobody reads it.",
        "  scan: weekly",
    ]
    (pull,) = await here.forge.list()
    assert pull.title == "2 issues and 1 question from scan weekly"
    assert "Everything depends on it." in pull.body
    assert "- [ ] An agent wrote these words: merging takes them over" in pull.body
    assert "run its tests" not in pull.body
    message = git(here.origin, "log", "-1", "--format=%an%n%B", "courier/scan-weekly")
    assert message.startswith("courier\n2 issues and 1 question from scan weekly")
    assert "Courier-Run: scan-weekly" in message
    record = await here.record("scan-weekly")
    assert record["harvest"]["files"] == changed(here)
    assert record["steps"][0]["answer"] == {"reason": "Gathered", "feedback": ""}


async def test_an_answer_that_cannot_be_read_is_asked_for_once_more(here: Scene) -> None:
    wrong = {"issues": [{**ISSUE, "priority": "soon"}]}
    commands = f"""
    if [ -z "$SESSION" ]; then {says(fenced(wrong))}; exit; fi
    grep -q 'issues\\[0\\].priority' "$COURIER_PROMPT_FILE"
    {says(fenced(ANSWER))}
    """
    await here.run(scan_plan(here, commands, agent="teller"))
    assert ".courier/issues/the-value-is-wrong.yaml" in changed(here)


async def test_an_answer_that_stays_unreadable_fails_the_run_and_is_on_record(here: Scene) -> None:
    await here.run(scan_plan(here, says("There are many issues."), agent="teller"))
    record = await here.record("scan-weekly")
    assert (record["phase"], record["reason"]) == ("failed", "AnswerUnreadable")
    assert "no fenced JSON object" in record["message"]
    assert "courier/scan-weekly" not in here.branches()
    await here.world.state.refresh()
    (path,) = [one for one in await here.world.state.paths("runs") if one.endswith("output.md")]
    assert b"There are many issues." in (await here.world.state.read([path]))[path]


@pytest.mark.parametrize("answer", [{"issues": []}, {"issues": [], "questions": []}])
async def test_nothing_found_is_a_good_end_without_a_pull_request(
    here: Scene, answer: Mapping[str, object]
) -> None:
    await here.run(scan_plan(here, f"cat <<'END'\n{fenced(answer)}\nEND"))
    record = await here.record("scan-weekly")
    assert (record["phase"], record["reason"]) == ("completed", "NothingFound")
    assert await here.forge.list() == []
    assert "courier/scan-weekly" not in here.branches()


async def test_what_waits_in_an_open_pull_request_is_not_proposed_again(here: Scene) -> None:
    first = scan_plan(here, f"cat <<'END'\n{fenced({'issues': [ISSUE]})}\nEND")
    await here.run(first)
    told = {"issues": [{**ISSUE, "title": "The value is wrong!"}, {**OTHER}]}
    commands = f"cat <<'END'\n{fenced(told)}\nEND"
    git_ = first.git.model_copy(update={"branch": "courier/scan-again"})
    again = scan_plan(here, commands).model_copy(update={"run": "scan-again", "git": git_})
    await here.run(again)
    assert changed(here, "scan-again") == [".courier/issues/keep-less.yaml"]
    pull = (await here.forge.list())[0]
    assert "known as Issue `the-value-is-wrong` in pull request #1" in pull.body


async def test_a_secret_an_agent_saw_gets_into_no_file(here: Scene) -> None:
    told = {"issues": [{**ISSUE, "description": "It is s3cret-demo-token."}]}
    plan = scan_plan(here, f"cat <<'END'\n{fenced(told)}\nEND", secrets=("DEMO_TOKEN",))
    await here.run(plan)
    shown = git(here.origin, "show", "courier/scan-weekly:.courier/issues/the-value-is-wrong.yaml")
    assert "s3cret" not in shown
