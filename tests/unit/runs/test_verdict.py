"""A checker's last words, read robustly and never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courier.runs.replies.verdict import Verdict, parse_verdict, read_verdict, repair_prompt
from courier.runs.transcripts.transcript import Outcome

PASS = '```json\n{"verdict": "pass", "feedback": "All tests pass."}\n```'
FAIL = '```json\n{"verdict": "fail", "feedback": "Line 3 is wrong."}\n```'


@pytest.mark.parametrize(
    "text",
    [
        FAIL,
        f"I looked at it.\n\n{FAIL}\n",
        f"{FAIL}\n\nThat is all.",
        f"First I thought:\n{PASS}\nBut then:\n{FAIL}",
        f"{FAIL}\n```python\nprint('seen')\n```\n",
        f"{FAIL}\n```\nplain output\n```",
        FAIL.replace("\n", "\r\n"),
        FAIL.replace("json", "JSON"),
        FAIL.replace("json", ""),
        FAIL.replace("```", "~~~~"),
        FAIL.replace("\n", "\n  "),
        FAIL.removesuffix("\n```"),
        FAIL.replace("\n", " "),
        FAIL.replace('"fail"', '" FAIL "'),
        '{"verdict": "fail", "feedback": "Line 3 is wrong."}',
        'I am sure.\n\n{"verdict": "fail",\n "feedback": "Line 3 is wrong."}\n',
        '```json\n{"feedback": "Line 3 is wrong.", "verdict": "fail", "more": {"a": [{}]}}\n```',
    ],
)
def test_fail_is_read(text: str) -> None:
    assert parse_verdict(text) == Verdict(passed=False, feedback="Line 3 is wrong.", reason="Fail")


def test_pass_is_read() -> None:
    verdict = parse_verdict(f"Good work.\n{PASS}")
    assert verdict == Verdict(passed=True, feedback="All tests pass.", reason="Pass")
    assert verdict.readable


def test_feedback_keeps_braces_fences_and_line_breaks() -> None:
    feedback = 'Use `{"a": {}}`:\n```json\n{"verdict": "pass"}\n```\nnot that.'
    text = '```json\n{"verdict": "fail", "feedback": "' + feedback.replace('"', '\\"') + '"}\n```'
    assert parse_verdict(text).feedback == feedback


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no fenced JSON object"),
        ("It passes.", "no fenced JSON object"),
        ("> " + PASS.replace("\n", "\n> "), "no fenced JSON object"),
        ('```json\n{"verdict": "pass",}\n```', "broken in its line 1"),
        ('```json\n{"verdict": "pass",\n"feedback": "a" "b"}\n```', "broken in its line 2"),
        (f"{PASS}\n```json\n{{'verdict': 'fail'}}\n```", "broken"),
        (f"{PASS}\n```json\npass\n```", "broken"),
        ('```json\n{"verdict": "approved"}\n```', '"pass" or "fail"'),
        ('```json\n{"verdict": true}\n```', '"pass" or "fail"'),
        ('```json\n{"passed": true}\n```', '"pass" or "fail"'),
        ('```json\n["pass"]\n```', "not an object"),
        ('```json\n{"verdict": "fail"}\n```', "needs `feedback`"),
        ('```json\n{"verdict": "fail", "feedback": "  "}\n```', "needs `feedback`"),
        ('```json\n{"verdict": "fail", "feedback": ["a"]}\n```', "must be text"),
        ('```json\n{"verdict": "fail", "verdict": "pass"}\n```', "appears twice"),
        ('```json\n{"verdict": "pass"} or {"verdict": "fail"}\n```', "Something follows"),
        ("```json\n" + '{"a":' * 60_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_says_why_and_never_passes(text: str, why: str) -> None:
    verdict = parse_verdict(text)
    assert not verdict.passed
    assert not verdict.readable
    assert why in verdict.feedback


def test_repair_prompt_says_why_and_shows_the_form() -> None:
    prompt = repair_prompt("The JSON is broken in its line 1.")
    assert "broken in its line 1" in prompt
    assert parse_verdict(prompt).readable


def test_half_characters_do_not_break_the_record() -> None:
    verdict = parse_verdict('```json\n{"verdict": "fail", "feedback": "bad \\ud83d"}\n```')
    assert Verdict.model_validate_json(verdict.model_dump_json(by_alias=True)) == verdict


@given(st.text() | st.text(alphabet='`~{}[]",:\\ \njsonverdictpassfail'))
def test_no_text_breaks_it(text: str) -> None:
    verdict = parse_verdict(text)
    assert verdict.readable or (verdict.feedback and not verdict.passed)


@given(st.text(), st.sampled_from(["json", "JSON", ""]))
def test_prose_before_a_verdict_does_not_change_it(prose: str, tag: str) -> None:
    assert parse_verdict(f"{prose}\n\n{FAIL.replace('json', tag)}").reason == "Fail"


def _outcome(**fields: object) -> Outcome:
    return Outcome.model_validate({"status": "failed", "reason": "CommandFailed", **fields})


def test_shell_exit_code_is_the_verdict() -> None:
    passed = _outcome(status="completed", reason="Completed", text="3 passed", exit_code=0)
    assert read_verdict(passed, agent="shell") == Verdict(passed=True, reason="Pass")


def test_shell_feedback_is_the_end_of_the_output() -> None:
    failed = _outcome(
        message="The commands failed with exit code 1.",
        text="x" * 9_000 + "\nFAILED test_add",
        exit_code=1,
    )
    verdict = read_verdict(failed, agent="shell")
    assert verdict is not None
    assert verdict.reason == "Fail"
    assert "exit code 1" in verdict.feedback
    assert verdict.feedback.endswith("FAILED test_add")
    assert len(verdict.feedback) < 4_200


def test_shell_without_output_still_gives_feedback() -> None:
    verdict = read_verdict(_outcome(message="It failed.", exit_code=1), agent="shell")
    assert verdict is not None
    assert verdict.feedback == "It failed. Nothing was printed."


@pytest.mark.parametrize("reason", ["ToolMissing", "Stopped", "TimedOut", "SandboxLost"])
def test_shell_that_could_not_check_judges_nothing(reason: str) -> None:
    assert read_verdict(_outcome(reason=reason), agent="shell") is None


def test_agent_verdict_needs_a_completed_turn() -> None:
    done = _outcome(status="completed", reason="Completed", text=PASS)
    assert read_verdict(done, agent="claude") == parse_verdict(PASS)
    assert read_verdict(_outcome(reason="Crashed", text=PASS), agent="claude") is None
