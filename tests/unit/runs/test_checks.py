"""How checks of a commit stand together."""

from datetime import UTC, datetime, timedelta

import pytest

from courier.runs.pullrequests.checks import Check, Checks, CheckStatus, Overall, newest
from courier.runs.run.following import FrozenCi

NOW = datetime(2026, 1, 2, 3, tzinfo=UTC)


def checks(*statuses: CheckStatus, **named: CheckStatus) -> Checks:
    found = {f"c{at}": status for at, status in enumerate(statuses)} | named
    told = tuple(Check(name=name, status=status) for name, status in found.items())
    return Checks(head="a" * 40, checks=told, last_polled=NOW)


@pytest.mark.parametrize(
    ("statuses", "overall"),
    [
        ((), "none"),
        (("success",), "success"),
        (("success", "neutral", "skipped"), "success"),
        (("skipped",), "success"),
        (("success", "pending"), "pending"),
        (("success", "failure"), "failure"),
        (("pending", "failure"), "failure"),
        (("success", "cancelled"), "failure"),
    ],
)
def test_they_stand_together_as_the_worst_of_them(
    statuses: tuple[CheckStatus, ...], overall: Overall
) -> None:
    assert checks(*statuses).overall() == overall


def test_only_those_that_are_named_matter() -> None:
    found = checks(test="success", lint="failure")
    assert found.overall() == "failure"
    assert found.overall(["test"]) == "success"
    assert [one.name for one in found.red()] == ["lint"]
    assert found.red(["test"]) == ()


@pytest.mark.parametrize(
    ("found", "after", "merges"),
    [
        (checks(), None, True),
        (checks(), (), False),
        (checks(), ("test",), False),
        (checks(lint="success"), (), True),
        (checks(lint="success"), ("test",), False),
        (checks(lint="pending", test="success"), ("test",), True),
        (checks(lint="pending"), None, False),
        (checks(lint="failure", test="success"), (), False),
    ],
)
def test_what_merges_by_itself_waits_for_what_it_was_told(
    found: Checks, after: tuple[str, ...] | None, *, merges: bool
) -> None:
    assert found.lets_merge(after) is merges


def test_what_the_forge_requires_is_waited_for_besides() -> None:
    needed = Check(name="gate", status="pending", required=True)
    found = checks(test="success")
    both = found.model_copy(update={"checks": (*found.checks, needed)})
    assert [both.lets_merge(after) for after in (None, (), ("test",))] == [False] * 3
    assert [FrozenCi().before_merge, FrozenCi(wait=True).before_merge] == [None, ()]
    assert FrozenCi(required=("test",)).before_merge == ("test",)


def test_one_that_matters_and_is_not_there_is_waited_for() -> None:
    found = checks(test="success", slow="pending")
    assert found.overall(["test", "deploy"]) == "pending"
    assert found.awaited(["test", "deploy"]) == ("deploy",)
    assert found.awaited() == ("slow",)
    assert checks().overall(["test"]) == "pending"


def test_a_red_one_counts_before_those_that_have_not_ended() -> None:
    assert checks(test="failure").overall(["test", "deploy"]) == "failure"


def test_of_one_name_the_newest_counts() -> None:
    told = [Check(name="b", status="failure"), Check(name="a", status="success")]
    again = Check(name="b", status="success")
    assert [(one.name, one.status) for one in newest([*told, again])] == [
        ("a", "success"),
        ("b", "success"),
    ]


def test_when_it_was_looked_at_does_not_make_it_another_answer() -> None:
    one = checks("success")
    other = one.model_copy(update={"last_polled": NOW + timedelta(hours=1)})
    assert one.says_the_same(other)
    assert not one.says_the_same(checks("failure"))
    assert not one.says_the_same(None)
