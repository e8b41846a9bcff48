"""Pull requests as they are wanted and as they are told, and claims to open them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courier.runs.pullrequests.pullrequest import Proposed, brought_up, proposed_by, unopened
from courier.runs.records.claim import (
    LEASE,
    claim_content,
    claim_of,
    claim_path,
    given_way,
    read_claim,
    skipped_for,
    waiting_for,
)

AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
FIX = Proposed("fix", "Fix", "Why.", "main", "courier/fix", "a" * 40)
WORDS = st.text(max_size=8)
ANY = st.builds(
    Proposed,
    run=WORDS,
    title=WORDS,
    body=WORDS,
    base=WORDS,
    branch=WORDS,
    head=WORDS,
    draft=st.booleans(),
    labels=st.lists(WORDS, max_size=3).map(tuple),
    reviewers=st.lists(WORDS, max_size=3).map(tuple),
    auto_merge=st.booleans(),
    after_checks=st.none() | st.lists(WORDS, max_size=2).map(tuple),
)


@given(ANY)
def test_what_could_not_be_opened_can_be_proposed_again_as_it_was(proposed: Proposed) -> None:
    for status in ("creating", "skipped"):
        pull = unopened(proposed, status=status, forge="github", at=AT)
        assert (pull.number, pull.status, pull.forge) == (0, status, "github")
        assert proposed_by(pull) == proposed


def test_what_became_of_it_stays_when_it_is_brought_up_to_date() -> None:
    pull = unopened(FIX, status="creating", forge="local", at=AT)
    own = {"number": 7, "status": "created", "auto_merge": "squash", "decided_by": "Ada <a@b>"}
    told = brought_up(pull.model_copy(update=own), replace(FIX, title="Better", draft=True))
    assert (told.title, told.draft) == ("Better", True)
    assert {name: getattr(told, name) for name in own} == own
    assert told.created_at == AT


def test_a_claim_is_for_the_same_files_base_and_forge() -> None:
    one = claim_of(FIX, forge="local", record="r", at=AT)
    other = claim_of(replace(FIX, run="b", branch="x"), forge="local", record="", at=AT)
    assert claim_path(one, "t") == claim_path(other, "t")
    assert len({claim_path(one, "t"), claim_path(one, "u")}) == 2
    for changed in ({"base": "next"}, {"forge": "github"}):
        assert claim_path(one.model_copy(update=changed), "t") != claim_path(one, "t")
    assert read_claim(claim_content(one)) == one


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[1]", b"\xff"])
def test_what_is_no_claim_claims_nothing(content: bytes | None) -> None:
    assert read_claim(content) is None


def test_a_claim_is_renewed_long_before_it_may_be_taken_over() -> None:
    claim = claim_of(FIX, forge="local", record="", at=AT)
    told = {
        minutes: (claim.is_fresh(AT + minutes * LEASE), claim.holds(AT + minutes * LEASE))
        for minutes in (0, 0.49, 0.5, 0.99, 1)
    }
    assert list(told.values()) == [
        (True, True),
        (True, True),
        (False, True),
        (False, True),
        (False, False),
    ]
    assert timedelta(minutes=1) < LEASE, "clocks of machines differ"


def test_who_gives_way_says_to_whom() -> None:
    rival = claim_of(replace(FIX, run="b", branch="x"), forge="github", record="", at=AT)
    waiting = waiting_for(FIX, rival, at=AT)
    assert (waiting.status, waiting.number, waiting.run) == ("creating", 0, "fix")
    assert given_way(waiting).status == "skipped"
    assert "Run b is opening" in given_way(waiting).reason
    twin = waiting.model_copy(update={"number": 3, "run": "b", "url": "https://x/3"})
    told = skipped_for(FIX, twin, at=AT)
    assert (told.status, told.number, told.url, told.run) == ("skipped", 3, "https://x/3", "fix")
    assert told.reason == "Pull request #3 of run b has exactly the same files."
