"""Text for people: hostile letters stay letters, figures are short, moments become lines."""

from datetime import UTC, datetime, timedelta

import pytest

from courier.cli.kinds import kind_named, plural
from courier.cli.views import account, figures, learned, progress, transcript
from courier.cli.views.ink import Ink
from courier.cli.views.json_text import to_json
from courier.cli.views.proposal import diff
from courier.engine.accounts.following import (
    Began,
    Checked,
    Ended,
    Moment,
    Rests,
    Spoke,
    StepBegan,
    StepEnded,
    Tried,
)
from courier.errors import NotFound
from courier.resources.names import KIND_NAMES
from courier.runs.records.writeback import record
from courier.runs.replies.choice import Choice
from courier.runs.run.events import (
    CandidateEnded,
    CandidatesEnded,
    CandidatesKept,
    Refusal,
    RunEnded,
    RunStarted,
)
from courier.runs.run.frozen import FrozenCandidate, FrozenStep
from courier.runs.run.run import fold
from courier.runs.usage.usage import Usage
from tests.unit.runs.builders import (
    START,
    attempted,
    checker,
    completed,
    designer,
    frozen,
    passed,
    rejected,
)

HOSTILE = "a\x1b[2Jb\x07c\u202ed\x9be\r"


def is_harmless(text: str) -> bool:
    return all(letter == "\n" or letter.isprintable() for letter in text)


@pytest.mark.parametrize("kind", ["text", "thought", "output", "error", "retry", "unheard-of"])
def test_transcripts_are_harmless(kind: str) -> None:
    event = {"kind": kind, "text": HOSTILE, "message": HOSTILE, "reason": HOSTILE}
    assert is_harmless(transcript.rendered(event))


def test_tool_calls_and_answers_are_harmless_and_short() -> None:
    call = {"kind": "toolCall", "tool": HOSTILE, "input": HOSTILE}
    answer = {"kind": "toolResult", "output": "\n".join(["x"] * 40), "isError": True}
    assert is_harmless(transcript.rendered(call))
    assert "(28 more lines)" in transcript.rendered(answer)
    assert is_harmless(transcript.heading({"attempt": HOSTILE, "at": HOSTILE}))


def test_json_for_terminals_is_harmless_and_says_the_same() -> None:
    import json

    shown = to_json({"text": HOSTILE, "ä": 1})
    assert is_harmless(shown)
    assert json.loads(shown) == {"text": HOSTILE, "ä": 1}
    assert "ä" in shown


def test_diffs_are_harmless_and_coloured() -> None:
    shown = diff(f"@@ -1 +1 @@\n-old\n+{HOSTILE}", Ink(True))
    assert "\x1b[32m+a\\x1b[2J" in shown
    assert is_harmless(diff(f"+{HOSTILE}"))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.0s"),
        (9.94, "9.9s"),
        (59.9, "59s"),
        (61, "1m01s"),
        (7_500, "2h05m"),
        (400_000, "4d"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert figures.took(seconds) == shown


def test_ages_and_money() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert figures.age(now - timedelta(hours=5), now) == "5h"
    assert figures.age(now + timedelta(hours=5), now) == "0s"
    assert figures.money(None) == "-"
    assert figures.money("0.12346") == "$0.1235"
    assert figures.money("what") == "-"
    assert figures.moment("yesterday") is None


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_every_kind_has_the_names_people_try(kind: str) -> None:
    assert kind_named(kind) == kind_named(kind.lower()) == kind_named(plural(kind)) == kind


def test_unknown_kinds_say_what_was_meant() -> None:
    with pytest.raises(NotFound, match="personas"):
        kind_named("personnas")


def moments(*given: Moment) -> str:
    view = progress.Progress()
    return "\n".join(line for moment in given for line in view.lines(moment))


def test_progress_tells_a_rejection_and_a_pass() -> None:
    design, check = Tried(designer(), 1, 1), Tried(checker(), 1, 1)
    usage = completed(usage=Usage(input_tokens=5, cost_usd=None))
    later = START + timedelta(minutes=1)
    lines = moments(
        Began("fix-auth", START, "Fix the login"),
        StepBegan("fix-auth", START, design),
        Spoke("fix-auth", "design-1.1-turn-1", {"kind": "text", "text": "\n".join("abcdefghijk")}),
        StepEnded("fix-auth", later, design, attempted(outcome=usage)),
        StepEnded("fix-auth", later, check, attempted("check", verdict=rejected())),
        StepEnded("fix-auth", later, check, attempted("check", verdict=passed())),
        Rests("fix-auth", later, later, "RateLimited: Later."),
        Checked("fix-auth", later, "Waits for checks of abc: t."),
        Checked("fix-auth", later, "abc is red: t", is_red=True),
        Ended("fix-auth", later, "failed", "LoopExhausted", "Rejected 2 times"),
    )
    assert "… 3 more lines: courier logs fix-auth" in lines
    assert "1m00s  ✗ check 1      fail" in lines
    assert "✓ check 1      pass" in lines
    assert "changed nothing" in lines
    assert "waits" in lines
    assert "‖ checks       Waits for checks of abc: t." in lines
    assert "✗ checks       abc is red: t" in lines
    assert lines.endswith("✗ failed       LoopExhausted: Rejected 2 times  (cost not known)")


def test_progress_names_runs_where_there_are_several() -> None:
    view = progress.Progress(names=True)
    tried = Tried(designer(), 2, 3)
    assert "fix-auth  ▸ design 2.3" in view.lines(StepBegan("fix-auth", START, tried))[0]
    spoke = Spoke("fix-auth", tried.name, {"kind": "output", "text": HOSTILE})
    assert is_harmless(view.lines(spoke)[0])


def test_an_account_shows_what_was_refused_and_why() -> None:
    refusal = Refusal(code="ProtectedPath", message="It changes .github/x.")
    run = fold(
        [
            RunStarted(at=START),
            attempted(refusal=refusal),
            RunEnded(at=START + timedelta(hours=1), phase="failed", reason="ProtectedPath"),
        ]
    )
    shown = account.told(record(frozen(task=HOSTILE), run), START + timedelta(days=2))
    assert "Phase:         failed (ProtectedPath)" in shown
    assert "design 1  claude  ProtectedPath" in shown
    assert "It changes .github/x." in shown
    assert is_harmless(shown)


def test_an_account_tells_candidates_and_who_was_chosen() -> None:
    ended = (
        CandidateEnded(
            name=name,
            phase="completed",
            reason="Completed",
            commit=number * 40,
            attempts=(attempted(commit=number * 40),),
        )
        for name, number in (("candidate-1", "1"), ("candidate-2", "2"))
    )
    choice = Choice(chosen="candidate-2", reason="Chosen")
    run = fold(
        [
            RunStarted(at=START),
            CandidatesEnded(at=START, candidates=tuple(ended)),
            attempted("judge").model_copy(update={"choice": choice}),
            CandidatesKept(at=START, branches={"candidate-1": f"courier/{HOSTILE}"}),
        ]
    )
    judge = FrozenStep(name="judge", type="judge", agent="claude", chooses=True)
    candidates = tuple(FrozenCandidate(steps=(designer(),)) for _ in range(2))
    plan = frozen(steps=(judge,), candidates=candidates)
    shown = account.told(record(plan, run), START)
    rows = [line.split() for line in shown.splitlines()]
    assert ["*", "candidate-2", "claude", "Completed"] in [row[:4] for row in rows]
    assert ["c1/design", "1", "claude", "done"] in [row[:4] for row in rows]
    assert ["judge", "1", "claude", "candidate-2"] in [row[:4] for row in rows]
    assert is_harmless(shown)


def test_an_account_of_a_broken_record_is_still_shown() -> None:
    shown = account.told({"run": "x", "steps": [{}], "usage": {}}, START)
    assert shown.startswith("Run:           x")


def test_what_was_told_and_taught_is_told_once_a_step() -> None:
    step = {
        "step": "design",
        "learnings": {"version": 3, "lessons": [{"name": "freeze"}, {"name": HOSTILE}]},
    }
    became = {"status": "completed", "session": "a.learn", "found": 2, "proposed": ["new"]}
    lines = list(learned.told({"steps": [step, step, {"step": "check"}], "learnings": became}))
    assert len(lines) == 2
    assert lines[0].startswith("design was told freeze, a\\x1b[2J")
    assert lines[1] == "looked through by a.learn: completed; 2 found; proposed new"
    assert is_harmless("\n".join(lines))
    assert list(learned.told({"steps": [{"step": "check"}]})) == []


def test_a_merge_tells_what_became_of_each_branch() -> None:
    merges = [{"branch": HOSTILE, "commit": "a" * 40, "how": "resolved"}]
    shown = account.told({"run": "join.merge", "merges": merges}, START)
    assert "Branches\n  a\\x1b[2J" in shown
    assert f"{'a' * 10}  resolved" in shown
