"""The life of a sandbox for people as pure decisions: facts in, next move out."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from courier.runs.interactive.account import account, active_counts, charges_of, machine_use
from courier.runs.interactive.facts import (
    Answered,
    Began,
    Fact,
    Froze,
    Gone,
    Leaves,
    Opened,
    Parted,
    PartName,
    Requested,
    Saved,
    Thawed,
    Took,
)
from courier.runs.interactive.frozen import GivenMessage, SandboxPlan, Word, name_of, run_of
from courier.runs.interactive.live import EDGES, LIVE, LiveSandbox, Message, after, fold
from courier.runs.interactive.moves import (
    ORDER,
    Answer,
    End,
    Freeze,
    Move,
    Open,
    Part,
    Rest,
    Thaw,
    follows,
    heard,
    next_move,
    strikes_at,
)
from courier.runs.interactive.wording import RULES, body, prompt_of, title_of
from courier.runs.run.frozen import FrozenGit, FrozenPlan, FrozenStep
from courier.runs.transcripts.transcript import Outcome
from courier.runs.usage.usage import Usage

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
DONE = Outcome(status="completed", reason="Completed", text="Done.", session="s-1")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def plan(*, lives: int = 900) -> SandboxPlan:
    return SandboxPlan(
        name="desk",
        plan=FrozenPlan(
            run=run_of("desk"),
            project="demo",
            workflow="",
            workflow_type="single",
            source="sandbox",
            spec_digest="s",
            catalog_digest="c",
            observed_commit="o",
            title="Sit",
            task="",
            project_instructions="Be kind.",
            steps=(FrozenStep(name="sandbox", type="custom", agent="claude"),),
            git=FrozenGit(
                base_branch="main",
                base_commit="b",
                branch="courier/desk",
                author_name="courier",
                author_email="c@example.com",
            ),
        ),
        onto="main",
        own_branch="courier/desk",
        lives_seconds=lives,
    )


def took(id: str, *, when: float = 1) -> Took:
    return Took(at(when), GivenMessage(id=id, content=f"Do {id}.", by="Ada <ada@example.com>"))


OPENED = (Requested(at(0)), Opened(at(1), "machine-1"))


def move(*facts: Fact) -> Move:
    return next_move(plan(), fold(facts))


def test_it_is_opened_then_answers_in_order_then_rests_until_its_time_is_nearly_up() -> None:
    assert move(Requested(at(0))) == Open()
    first, second = took("a"), took("b")
    answering = move(*OPENED, first, second)
    assert isinstance(answering, Answer)
    assert answering.message.given.id == "a"
    told = (*OPENED, first, second, Began(at(2), "a", 1), Answered(at(3), "a", DONE))
    following = move(*told)
    assert isinstance(following, Answer)
    assert following.message.given.id == "b"
    ended = (*told, Began(at(4), "b", 2), Answered(at(5), "b", DONE))
    assert move(*ended) == Rest(at(5 + 900 - 60))


def test_a_short_time_leaves_a_quarter_for_the_rescue() -> None:
    assert strikes_at(plan(lives=60), fold(OPENED)) == at(1 + 45)


def test_whoever_is_in_it_moves_its_end() -> None:
    live = fold(OPENED)
    (extended,) = heard(live, Word(do="extend"), at=at(100))
    assert strikes_at(plan(), after(live, extended)) == at(100 + 900 - 60)


def test_a_pause_comes_before_messages_and_an_answer_goes_on_after_it() -> None:
    streaming = (*OPENED, took("a"), Began(at(2), "a", 1))
    paused = heard(fold(streaming), Word(do="pause"), at=at(3))
    assert move(*streaming, *paused) == Freeze()
    frozen = (*streaming, *paused, Froze(at(4)))
    assert move(*frozen) == Rest(None)
    resumed = heard(fold(frozen), Word(do="resume"), at=at(9))
    assert move(*frozen, *resumed) == Thaw()
    again = move(*frozen, *resumed, Thawed(at(10)))
    assert isinstance(again, Answer)
    assert (again.message.status, again.message.turn) == ("streaming", 1)


def test_seconds_count_only_while_it_runs() -> None:
    facts = (*OPENED, Froze(at(11)), Thawed(at(100)), Leaves(at(104), "Killed"), Gone(at(105)))
    assert machine_use(plan(), fold(facts)).sandbox_seconds == 15


def test_a_word_heard_before_makes_no_fact() -> None:
    word = Word(do="send", id="m", message=GivenMessage(id="m", content="Hello"))
    live = fold(OPENED)
    (fact,) = heard(live, word, at=at(2))
    assert heard(after(live, fact), word, at=at(3)) == ()
    pause = Word(do="pause", id="p")
    (wished,) = heard(live, pause, at=at(4))
    assert heard(after(live, wished), pause, at=at(5)) == ()


def test_it_goes_in_the_order_of_its_parts_and_a_fault_stops_none() -> None:
    facts: list[Fact] = [
        *OPENED,
        took("a"),
        Began(at(2), "a", 1),
        Leaves(at(3), "Killed", "enough"),
    ]
    done = []
    while not isinstance(step := next_move(plan(), fold(facts)), End):
        assert isinstance(step, Part)
        done.append(step.part)
        if step.part == "stop":
            facts.append(Answered(at(4), "a", Outcome(status="failed", reason="Stopped")))
        if step.part == "rescue":
            facts.append(Saved(at(5), "c0ffee", ("f",)))
        branch = "courier/desk" if step.part == "push" else None
        facts.append(Parted(at(6), step.part, "it did not work", branch=branch))
    assert tuple(done) == ORDER
    assert fold([*facts, Gone(at(7))]).state == "killed"


def test_nothing_is_pushed_where_there_is_no_work_and_nothing_rescued_without_a_machine() -> None:
    facts: list[Fact] = [Requested(at(0)), Leaves(at(1), "CannotOpen", "no such secret")]
    done = []
    while isinstance(step := next_move(plan(), fold(facts)), Part):
        done.append(step.part)
        facts.append(Parted(at(2), step.part))
    assert done == ["destroy", "keep"]
    assert fold([*facts, Gone(at(3))]).state == "error"


def test_the_first_reason_to_go_counts_save_that_the_machine_is_lost() -> None:
    timed = fold((*OPENED, Leaves(at(2), "TimedOut"), Leaves(at(3), "Killed", by="Ada")))
    assert timed.leaves is not None
    assert timed.leaves.reason == "TimedOut"
    lost = after(timed, Leaves(at(4), "SandboxLost", "gone"))
    assert lost.state == "error"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("SandboxLost", "SandboxLost"), ("TimedOut", "TimedOut"), ("Crashed", None)],
)
def test_what_an_answer_means_for_the_sandbox(reason: str, expected: str | None) -> None:
    outcome = Outcome(status="failed", reason=reason)
    found = [
        fact.reason for fact in follows(Answered(at(1), "a", outcome)) if isinstance(fact, Leaves)
    ]
    assert found == ([expected] if expected else [])


def test_a_conversation_goes_on_and_starts_over_when_it_is_lost() -> None:
    told = (*OPENED, took("a"), Began(at(2), "a", 1), Answered(at(3), "a", DONE))
    assert fold(told).session == "s-1"
    used = Usage(input_tokens=5)
    more = DONE.model_copy(update={"usage": used})
    live = fold((*told, took("b"), Began(at(4), "b", 2), Answered(at(5), "b", more)))
    assert live.used_in("s-1") == used
    lost = Outcome(status="failed", reason="SessionLost")
    assert (
        fold((*told, took("b"), Began(at(4), "b", 2), Answered(at(5), "b", lost))).session is None
    )


def test_the_first_prompt_tells_the_rules_and_the_next_only_what_was_said() -> None:
    message = fold((*OPENED, took("a"))).messages[0]
    first = prompt_of(plan(), message, first=True)
    assert first.startswith(RULES)
    assert "Be kind." in first
    assert first.endswith("Do a.\n")
    assert prompt_of(plan(), message, first=False) == "Do a.\n"


def test_an_account_tells_each_message_and_its_answer() -> None:
    live = fold((*OPENED, took("a"), Began(at(2), "a", 1), Answered(at(3), "a", DONE), took("b")))
    told = account(plan(), live)
    messages = told["messages"]
    assert isinstance(messages, list)
    assert [(one["role"], one["status"]) for one in messages] == [
        ("user", "completed"),
        ("assistant", "completed"),
        ("user", "queued"),
    ]
    assert messages[1]["streamLog"] == "sandbox-1.1-turn-1"
    assert (told["state"], told["reason"], told["id"]) == ("running", "Idle", "machine-1")
    over = account(plan(), after(live, Leaves(at(9), "Killed")))
    assert over["reason"] == "Killed"


def test_what_waited_in_vain_is_told() -> None:
    live = fold((*OPENED, took("a"), Leaves(at(2), "Killed"), Gone(at(3))))
    told: dict[str, Any] = account(plan(), live)
    (message,) = told["messages"]
    assert message["status"] == "error"
    assert "before this was answered" in message["message"]


def test_active_ones_are_counted_from_accounts() -> None:
    told = [{"project": "a", "state": state} for state in ("running", "paused", "killed", "error")]
    assert active_counts(iter([*told, {"project": "b", "state": "creating"}])) == {"a": 2, "b": 1}


def test_usage_has_a_line_for_every_answer_and_one_for_the_machine() -> None:
    answered = (*OPENED, took("a"), Began(at(2), "a", 1), Answered(at(3), "a", DONE))
    live = fold((*answered, Gone(at(11))))
    lines = list(charges_of(plan(), live))
    assert [line.key for line in lines] == ["sandbox.desk/turn-1", "sandbox.desk/machine"]
    assert {line.path for line in lines} == {"usage/2026-11.jsonl"}
    assert [line.sort for line in charges_of(plan(), fold(answered))] == ["message"]


def test_a_proposal_tells_the_conversation() -> None:
    live = fold((*OPENED, took("a"), Began(at(2), "a", 1), Answered(at(3), "a", DONE)))
    text = body(plan(), live)
    assert "> Do a." in text
    assert "Done." in text
    assert title_of("# Fix it\n\nplease", name="desk") == "Fix it"
    assert title_of("", name="desk") == "Work from sandbox desk"


def test_an_engine_s_name_is_never_a_run_s() -> None:
    assert name_of(run_of("desk")) == "desk"
    assert name_of(run_of("desk", generation=3)) == "desk"
    assert name_of("desk") is None


def random_facts(dice: random.Random) -> list[Fact]:
    """Play whoever keeps a sandbox, with words, faults and losses at any point."""
    facts: list[Fact] = [Requested(at(0))]
    for number in range(1, 60):
        live = fold(facts)
        when = at(number)
        if live.leaves is None and dice.random() < 0.06:
            facts.append(Leaves(when, dice.choice(["Killed", "TimedOut", "SandboxLost"])))
        elif live.state in ("running", "paused") and dice.random() < 0.3:
            facts += heard(live, random_word(dice, number), at=when)
        else:
            found = carried_out(next_move(plan(), live), live, dice, when)
            if not found:
                return [*facts, Gone(when)]
            facts += found
    return facts


def random_word(dice: random.Random, number: int) -> Word:
    given = GivenMessage(id=f"m-{dice.randrange(number)}", content="Go on.")
    return dice.choice(
        [
            Word(do="send", id=given.id, message=given),
            Word(do="pause"),
            Word(do="resume"),
            Word(do="extend"),
        ]
    )


def carried_out(move: Move, live: LiveSandbox, dice: random.Random, when: datetime) -> list[Fact]:
    match move:
        case Open():
            return [Opened(when, "m") if dice.random() < 0.9 else Leaves(when, "CannotOpen")]
        case Answer(message=message):
            begins = Began(when, message.given.id, len(live.messages))
            return [begins] if message.status == "queued" else answered(message, dice, when)
        case Freeze():
            return [Froze(when)]
        case Thaw():
            return [Thawed(when)]
        case Rest():
            return (
                [Leaves(when, "TimedOut")]
                if dice.random() < 0.2
                else [Took(when, GivenMessage(id=f"r-{when}", content="?"))]
            )
        case Part(part=part):
            return parted(part, live, when)
        case End():
            return []


def answered(message: Message, dice: random.Random, when: datetime) -> list[Fact]:
    reason = dice.choice(["Completed", "Crashed", "TimedOut", "SandboxLost"])
    status = "completed" if reason == "Completed" else "failed"
    outcome = Outcome.model_validate({"status": status, "reason": reason})
    fact = Answered(when, message.given.id, outcome)
    return [fact, *follows(fact)]


def parted(part: PartName, live: LiveSandbox, when: datetime) -> list[Fact]:
    streaming = [one for one in live.messages if one.status == "streaming" and part == "stop"]
    stopped = Outcome(status="failed", reason="Stopped")
    saved: list[Fact] = [Saved(when, "c0ffee")] if part == "rescue" else []
    return [
        *(Answered(when, one.given.id, stopped) for one in streaming),
        *saved,
        Parted(when, part, branch="b" if part == "push" else None),
    ]


@pytest.mark.parametrize("seed", range(200))
def test_whatever_happens_states_go_only_along_their_edges_and_end(seed: int) -> None:
    facts = random_facts(random.Random(seed))
    states = [fold(facts[: count + 1]).state for count in range(len(facts))]
    for before, now in pairwise(states):
        assert before == now or (before, now) in EDGES
    live = fold(facts)
    parts = [part.part for part in live.parts]
    assert parts == [part for part in ORDER if part in parts], "each once, in order"
    if live.ended_at is not None:
        assert live.state not in LIVE
        assert {"destroy", "keep"} <= set(parts)
        assert not any(one.status == "streaming" for one in live.messages) or live.state == "error"
    ids = [one.given.id for one in live.messages]
    assert len(ids) == len(set(ids))


def test_the_fold_is_stable_over_prefixes() -> None:
    facts = random_facts(random.Random(7))
    live = LiveSandbox()
    for count, fact in enumerate(facts, 1):
        live = after(live, fact)
        assert live == fold(facts[:count])
