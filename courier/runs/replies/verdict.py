"""What a checker decided, read from its last words or from its commands' exit code."""

from collections.abc import Mapping
from typing import Literal

from courier.resources.model import Model
from courier.runs.replies.roles import VERDICT_RULE
from courier.runs.texts.answer import Unreadable, ask_again, last_object
from courier.runs.transcripts.transcript import Outcome

FEEDBACK_CHARACTERS = 4_000
"""How much of the end of a shell checker's output becomes feedback."""


class Verdict(Model):
    """What a checker decided."""

    passed: bool
    feedback: str = ""
    """What is wrong and what right looks like; where nothing could be read, why not."""
    reason: Literal["Pass", "Fail", "VerdictUnreadable"]
    """A stable PascalCase word."""

    @property
    def readable(self) -> bool:
        """Whether the checker itself decided."""
        return self.reason != "VerdictUnreadable"


def read_verdict(outcome: Outcome, *, agent: str) -> Verdict | None:
    """Return what a checker's turn decided; None if the turn failed and nothing was judged.

    The exit code of the ``shell`` agent is its verdict; a command that is missing judges
    nothing. Every other agent ends with a fenced JSON object.
    """
    if agent == "shell":
        return _shell_verdict(outcome)
    return parse_verdict(outcome.text) if outcome.status == "completed" else None


def parse_verdict(text: str) -> Verdict:
    """Return the verdict in the last fenced JSON object of a message.

    Without any fence, an object that ends the message counts too. Whatever else is there is a
    verdict that says why it cannot be read.
    """
    try:
        return _verdict(last_object(text))
    except Unreadable as why:
        return Verdict(passed=False, feedback=str(why), reason="VerdictUnreadable")


def repair_prompt(why: str) -> str:
    """Return what to ask, in the same conversation, for a verdict that can be read."""
    instead = "check anything again; say what you decided"
    return ask_again("verdict", why, instead=instead, rule=VERDICT_RULE)


def _shell_verdict(outcome: Outcome) -> Verdict | None:
    if outcome.status == "completed":
        return Verdict(passed=True, reason="Pass")
    if outcome.reason != "CommandFailed":
        return None
    output = outcome.text[-FEEDBACK_CHARACTERS:].strip("\n")
    told = f"The end of the output:\n\n{output}" if output else "Nothing was printed."
    return Verdict(passed=False, feedback=f"{outcome.message} {told}", reason="Fail")


def _verdict(found: Mapping[str, object]) -> Verdict:
    word, feedback = found.get("verdict"), found.get("feedback", "")
    if not isinstance(word, str) or word.strip().lower() not in ("pass", "fail"):
        raise Unreadable('`verdict` must be "pass" or "fail".')
    if not isinstance(feedback, str):
        raise Unreadable("`feedback` must be text.")
    told = feedback.encode(errors="replace").decode().strip()
    if word.strip().lower() == "pass":
        return Verdict(passed=True, feedback=told, reason="Pass")
    if not told:
        raise Unreadable("A verdict of fail needs `feedback`.")
    return Verdict(passed=False, feedback=told, reason="Fail")
