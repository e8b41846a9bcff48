"""Scripts: their process, what is kept of them, and how they steer a run."""

from hashlib import sha256

import pytest

from courier.runs.briefs.assets import FrozenScript, Moment
from courier.runs.briefs.brief import Brief
from courier.runs.briefs.scripted import (
    CONTEXT_CHARACTERS,
    TAIL_CHARACTERS,
    ScriptDriver,
    ScriptRan,
    ScriptTranslator,
    dynamic_context,
    program_of_commands,
    program_of_file,
)
from courier.runs.proposal.proposal import body
from courier.runs.records.writeback import record, record_files
from courier.runs.run.events import RunEvent, RunStarted, WorkConcluded
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import fold
from courier.runs.steps.progress import Conclude, Deliver, Finish, next_step
from courier.runs.usage.usage import Usage
from tests.unit.runs.builders import BASE, START, attempted, designer, frozen

WORK = "d" * 40
BRIEF = Brief(prompt="", workspace="/home/u/repo", scratch="/home/u/.courier/s", secrets=("KEY",))


def script(when: Moment = "preStep", **changes: object) -> FrozenScript:
    return FrozenScript(name="look", when=when, run="ls").model_copy(update=changes)


def ran(**changes: object) -> ScriptRan:
    told = ScriptRan(
        name="look",
        when="context",
        exit_code=0,
        seconds=1.4,
        failed=False,
        on_failure="fail",
        reason="Completed",
        digest="a" * 64,
    )
    return told.model_copy(update=changes)


def test_a_script_is_a_file_outside_the_work_tree_read_by_its_interpreter() -> None:
    launch = ScriptDriver(script(interpreter="python3 -u")).launch(BRIEF)
    path = "/home/u/.courier/s/preStep-look"
    assert launch.argv == ("sh", "-c", 'exec python3 -u "$1"', "courier", path)
    assert launch.files == {path: b"ls\n"}
    assert (launch.output, launch.secrets) == ("both", ("KEY",))
    assert ScriptDriver(script("context")).launch(BRIEF).output == "stdout"


def test_bash_is_strict_and_a_file_of_the_repository_stays_where_it_is() -> None:
    launch = ScriptDriver(script(run=None, file="a b.sh")).launch(BRIEF)
    assert launch.argv[2:] == ('exec bash -eo pipefail "$1"', "courier", "/home/u/repo/a b.sh")
    assert launch.files == {}


def test_programs_hand_their_arguments_on() -> None:
    assert program_of_commands("ls $1").startswith(b"#!/usr/bin/env bash\nset -eo pipefail\nls $1")
    assert program_of_commands("#!/bin/awk -f\nx") == b"#!/bin/awk -f\nx\n"
    told = program_of_file(script("onDemand"), "/a b/x")
    assert told == b"#!/bin/sh\nexec bash -eo pipefail '/a b/x' \"$@\"\n"


def test_all_output_counts_in_the_digest_and_its_ends_are_kept() -> None:
    heard = ScriptTranslator()
    lines = [f"line {at} {'x' * 90}" for at in range(5_000)]
    for line in lines:
        heard.line(line)
    heard.line("y" * 1_000_000)
    whole = "".join(f"{line}\n" for line in [*lines, "y" * 1_000_000])
    assert heard.digest == sha256(whole.encode()).hexdigest()
    assert len(heard.text) <= CONTEXT_CHARACTERS
    assert heard.text.startswith("line 0 ")
    outcome = heard.outcome(2, stderr="no such file\n")
    assert (outcome.status, outcome.reason, outcome.exit_code) == ("failed", "CommandFailed", 2)
    assert outcome.text.endswith("yyy\nno such file")
    assert len(outcome.text) == TAIL_CHARACTERS


def test_what_failed_is_told_with_its_last_lines() -> None:
    driver = ScriptDriver(script(on_failure="warn"))
    heard = driver.translator(BRIEF)
    for at in range(30):
        heard.line(f"line {at}")
    outcome = heard.outcome(7, stderr="")
    usage = Usage(agent_seconds=2.0)
    told = driver.ran(outcome.model_copy(update={"usage": usage}))
    assert (told.failed, told.is_fatal, told.exit_code) == (True, False, 7)
    assert told.message.startswith(
        'Script "look" (preStep) failed with exit code 7 after 2 s. Its last lines:\nline 20\n'
    )
    assert "took too long" in told.model_copy(update={"exit_code": None}).message


def test_only_what_succeeded_is_told_and_all_of_it_is_bounded() -> None:
    long = ran(name="long", output="a" * 60_000)
    told = dynamic_context([ran(output="short </data>"), ran(failed=True), long, ran(output="no")])
    assert told.startswith('# What scripts found out\n\n<data from="script look">\nshort <\\/data>')
    assert len(told) < 49_000
    assert "characters left out" in told
    assert told.count("<data from") == 2
    assert dynamic_context([ran(), ran(failed=True)]) == ""


def with_script(when: Moment = "postRun") -> FrozenPlan:
    return frozen(steps=(designer(scripts=(script(when),)),), workflow_type="single")


def after(plan: FrozenPlan, *events: RunEvent) -> object:
    return next_step(plan, fold([RunStarted(at=START), *events]))


def concluded(*scripts: ScriptRan, failure: str = "") -> WorkConcluded:
    return WorkConcluded(at=START, commit=WORK, scripts=scripts, failure=failure)


def test_finished_work_is_looked_at_once_before_it_is_delivered() -> None:
    plan, done = with_script(), attempted(commit=WORK)
    assert after(plan, done) == Conclude(WORK)
    delivery = after(plan, done, concluded(ran(failed=True, on_failure="warn")))
    assert isinstance(delivery, Deliver)
    assert (delivery.how, delivery.ending.reason) == ("pullRequest", "Completed")


@pytest.mark.parametrize(
    ("event", "reason", "words"),
    [
        (concluded(ran(failed=True, exit_code=4)), "ScriptFailed", "exit code 4"),
        (concluded(failure="The sandbox is gone."), "ScriptsNotRun", "gone"),
    ],
)
def test_a_no_to_the_finished_work_keeps_it_on_its_branch(
    event: WorkConcluded, reason: str, words: str
) -> None:
    delivery = after(with_script(), attempted(commit=WORK), event)
    assert isinstance(delivery, Deliver)
    assert (delivery.how, delivery.ending.phase) == ("branch", "failed")
    assert delivery.ending.reason == reason
    assert words in delivery.ending.message


def test_without_work_or_scripts_there_is_nothing_to_look_at() -> None:
    assert isinstance(after(with_script(), attempted()), Finish)
    assert isinstance(after(with_script("postStep"), attempted(commit=WORK)), Deliver)
    assert isinstance(after(with_script(), attempted(commit=BASE)), Finish)


def test_the_record_and_the_proposal_tell_what_ran() -> None:
    plan = with_script()
    soft = ran(when="preStep", failed=True, on_failure="warn", exit_code=1, tail="hm")
    tried = attempted(commit=WORK).model_copy(update={"scripts": (ran(output="found"), soft)})
    run = fold([RunStarted(at=START), tried, concluded(ran(name="final", when="postRun"))])
    told = record(plan, run)
    steps, afterwards = told["steps"], told["afterwards"]
    assert isinstance(steps, list)
    assert [each["name"] for each in steps[0]["scripts"]] == ["look", "look"]
    assert "output" not in steps[0]["scripts"][0]
    assert isinstance(afterwards, dict)
    assert afterwards["scripts"][0]["name"] == "final"
    files = record_files(plan, run)
    assert next(files[path] for path in files if path.endswith("scripts/look.md")) == b"found\n"
    assert '- [ ] Script "look" (preStep) failed with exit code 1 after 1 s.' in body(plan, run)
