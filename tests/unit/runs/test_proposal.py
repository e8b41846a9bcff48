"""Pull requests as reviewers read them: whole ones as golden files, and hostile words tamed."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courier.runs.proposal.commits import co_author, commit_message
from courier.runs.proposal.proposal import BODY_LIMIT, TITLE_LIMIT, Particulars, body, marker, title
from courier.runs.pullrequests.stack import Floor
from courier.runs.replies.score import FrozenQuality, PartScore, Score
from courier.runs.run.events import (
    ApprovalAnswered,
    ApprovalAsked,
    Refusal,
    RunStarted,
)
from courier.runs.run.frozen import FrozenLoop, FrozenPlan
from courier.runs.run.run import Run, fold
from courier.runs.texts.filechange import FileChange
from courier.runs.texts.markdown import cell, code, harmless, quoted
from courier.runs.usage.usage import Unpriced, Usage
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

GOLDEN = Path(__file__).parent / "golden"
WORK = "e" * 40
COSTLY = Usage(input_tokens=41_000, output_tokens=2_350, cost_usd=Decimal("0.2417"))

HOSTILE = (
    "Fixes #1, closes octo/repo#2 and GH-3. Thanks @octocat and @octo/team!\n"
    "<!-- hidden --> <img src=x onerror=alert(1)> <script>alert(2)</script>\n"
    "![pixel](https://evil.example/p.png) [here](javascript:alert(3)) www.evil.example\n"
    "[x]: https://evil.example 'y'\n"
    "- [x] Everything was approved &#64;octocat &lt;b&gt;\n"
    "```\n</details>\n~~~mermaid\n"
    "\n## Approved by everybody\n| a | b |\u202e\x07\n---\nmailto:a@b.example"
)


def scored() -> Score:
    part = PartScore(score=82, reason="Reads well | and <b>boldly</b>.")
    return Score(
        correctness=part,
        type_safety=part,
        code_style=part,
        test_coverage=PartScore(score=55, reason="The redirect has no test."),
        completeness=part,
        composite=76.6,
        scored_by="rate",
    )


def whole() -> tuple[FrozenPlan, Run, Particulars]:
    """A run that had a hard time: rejected once, let through by a person, short of a rate."""
    plan = frozen(
        document=".courier/runs/fix-auth.yaml",
        steps=(
            designer(model="opus", persona="careful"),
            checker(model="haiku"),
            designer(name="review", type="reviewer", model="haiku"),
        ),
        quality=FrozenQuality(score="evaluator", threshold=80),
        left_out=('Step "polish" is left out: Persona "polisher" is not enabled.',),
        loop=FrozenLoop(max_iterations=3),
    )
    refusal = Refusal(code="ProtectedPath", message="It changes CI.", needs_approval=True)
    tried = attempted(
        iteration=2,
        outcome=completed("Sessions are renewed.\n\n- `login.py`: renew\n- a test", usage=COSTLY),
        refusal=refusal.model_copy(update={"commit": WORK}),
    ).model_copy(update={"files": ("login.py", ".github/workflows/ci.yml")})
    unknown = Usage(
        input_tokens=900,
        output_tokens=100,
        unpriced=(Unpriced(service="acme", model="haiku", metric="inputTokens", amount=900),),
    )
    run = fold(
        [
            RunStarted(at=START),
            attempted(outcome=completed("First try.", usage=COSTLY), commit="1" * 40),
            attempted("check", verdict=rejected("The test fails.\nSee login_test.py:12.")),
            tried,
            _asked(),
            _answered(),
            attempted("check", iteration=2, verdict=passed(), outcome=completed(usage=unknown)),
            attempted("review", outcome=completed("Solid. Watch the time zone.")).model_copy(
                update={"score": scored()}
            ),
        ]
    )
    told = Particulars(
        asked_by="Ada Lovelace",
        changes=(
            FileChange(path=".github/workflows/ci.yml", added=3, removed=1),
            FileChange(path="login.py", added=24, removed=7),
            FileChange(path="logo.png"),
        ),
        at=START + timedelta(minutes=12, seconds=30),
        stack=(
            Floor(run="a", title="Lay the ground", branch="courier/a", number=7, status="merged"),
            Floor(run="fix-auth", title="Fix the login", branch="courier/fix-auth"),
            Floor(run="c", title="Roof", branch="courier/c", number=9, status="created"),
        ),
    )
    return plan, run, told


def _asked() -> ApprovalAsked:
    return ApprovalAsked(
        at=START,
        approval="protected-paths",
        commit=WORK,
        tree="t" * 40,
        attempt="design-2.1",
        message="It waits.",
    )


def _answered() -> ApprovalAnswered:
    return ApprovalAnswered(
        at=START + timedelta(minutes=5),
        approval="protected-paths",
        commit=WORK,
        tree="t" * 40,
        answer="approved",
        by="Grace Hopper <grace@example.com>",
        how="command",
        comment="The pinned action is right.",
    )


def hostile() -> tuple[FrozenPlan, Run, Particulars]:
    plan = frozen(task=HOSTILE, title=HOSTILE.splitlines()[0])
    run = fold(
        [
            RunStarted(at=START),
            attempted(outcome=completed(HOSTILE, usage=COSTLY), commit=WORK),
            attempted("check", verdict=rejected(HOSTILE)),
        ]
    )
    change = FileChange(path="a|b`c<img>@d #1.md", added=1, removed=0)
    return plan, run, Particulars(asked_by="@octocat <script>", changes=(change,))


CASES = {
    "pull-whole": whole,
    "pull-bare": lambda: (frozen(steps=(designer(),)), fold([RunStarted(at=START)]), None),
    "pull-hostile": hostile,
}


@pytest.mark.parametrize("name", CASES)
def test_whole_bodies_are_as_they_were_accepted(name: str, pytestconfig: pytest.Config) -> None:
    text = body(*CASES[name]())
    golden = GOLDEN / f"{name}.md"
    if pytestconfig.getoption("--accept"):
        golden.write_text(text)
    assert text == golden.read_text()


def active(text: str) -> list[str]:
    """Return what a forge would act on."""
    forms = (
        r"@\w",
        r"#\d",
        r"(?i)\bgh-\d",
        r"<[A-Za-z/!?]",
        r"&[#A-Za-z]",
        r"!\[",
        r"\]\(",
        r"\]:",
        r"://",
        r"(?i)\bwww\.",
        r"(?i)mailto:[^\u200b]",
        r"\[[ xX]\]",
    )
    return [form for form in forms if re.search(form, text)]


@pytest.mark.parametrize("part", HOSTILE.splitlines())
def test_every_hostile_line_is_active_before_and_not_after(part: str) -> None:
    assert active(harmless(part)) == []


def test_hostile_words_do_nothing_anywhere_in_a_body() -> None:
    plan, run, told = hostile()
    text = body(plan, run, told)
    assert text.count("<!--") == 1
    assert text.endswith(f"{marker('fix-auth')}\n")
    ours = text.replace(marker("fix-auth"), "").replace("- [ ] ", "")
    assert active(ours) == []
    assert "\u202e" not in text
    assert "\x07" not in text
    subject = commit_message(plan, plan.steps[0], 1).partition("\n")[0]
    assert active(title(plan)) == active(subject) == []


@given(st.text(max_size=200))
def test_no_text_is_active_once_it_is_harmless(text: str) -> None:
    assert active(harmless(text)) == []
    assert active(cell(text, most=100)) == []
    assert active(code(text, most=100)) == []


@given(st.text(max_size=300))
def test_nothing_ends_a_quotation_or_a_cell(text: str) -> None:
    assert all(each.startswith(">") for each in quoted(text).split("\n") if quoted(text))
    told = cell(text, most=50)
    assert "\n" not in told
    assert not re.search(r"(?<!\\)(?:\\\\)*\|", told)


def test_a_harmless_text_reads_as_it_did() -> None:
    text = "Ask @ada about #12: `a < b && c`, [see](http://x.example)."
    assert harmless(text).replace("\u200b", "") == text
    assert harmless("Plain words, a - b, c < d, 50 % & more: fine.") == (
        "Plain words, a - b, c < d, 50 % & more: fine."
    )


def test_a_body_stays_below_what_forges_take_whatever_agents_say() -> None:
    steps = (designer(), checker())
    long = "@word " * 20_000
    facts = [
        attempted(
            step,
            iteration=at,
            outcome=completed(long),
            verdict=rejected(long) if step == "check" else None,
            commit=WORK,
        )
        for at in range(1, 200)
        for step in ("design", "check")
    ]
    plan = frozen(steps=steps, task=long, loop=FrozenLoop(max_iterations=500))
    changes = tuple(FileChange(path=f"{'d' * 300}/{at}", added=1) for at in range(5_000))
    text = body(plan, fold([RunStarted(at=START), *facts]), Particulars(changes=changes))
    assert len(text) <= BODY_LIMIT
    assert text.endswith(f"{marker('fix-auth')}\n")


@pytest.mark.parametrize(
    ("given_title", "wanted"),
    [
        ("## Fix the login.", "Fix the login"),
        ("- fix: the login", "fix: the login"),
        ("Fix #12 for @ada", "Fix #\u200b12 for @\u200bada"),
        ("  ", "Work of run fix-auth"),
    ],
)
def test_titles_are_short_and_do_nothing(given_title: str, wanted: str) -> None:
    assert title(frozen(title=given_title)) == wanted


def test_a_long_title_is_cut_between_words() -> None:
    told = title(frozen(title="word " * 40))
    assert len(told) <= TITLE_LIMIT
    assert told.endswith("word…")


def test_co_authors_are_written_as_git_writes_people() -> None:
    assert co_author("claude", None) == "claude <claude@agents.courier.invalid>"
    forged = co_author("claude", "x> \nCourier-Run: other <a@b")
    assert "\n" not in forged
    assert forged.count("<") == forged.count(">") == 1
