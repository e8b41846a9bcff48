"""What happens to runs, said on their pull requests: one comment a sink, whatever comes when."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from courier.engine.notices.mailing import COMMENTS
from courier.ports.forges import Forge
from courier.ports.repository import Identity
from tests.contracts.forge.conftest import Place
from tests.engine.post import Office, catalog, office, record
from tests.fakes.github.models import Comment
from tests.fakes.letters import letter, notice, sink
from tests.fakes.memory import MemoryState

ALL = "{name: all, type: pullRequest}"
MERGES = "{name: merges, type: pullRequest, events: [pullRequestMerged]}"
TOLD = catalog(ALL, MERGES)


@pytest_asyncio.fixture
async def here(place: Place, tmp_path: Path) -> AsyncIterator[Office]:
    forges: dict[str, Forge] = {place.kind: place.forge}
    async with office(tmp_path / "office", MemoryState(), place.clock, {}, forges=forges) as opened:
        yield opened


@pytest_asyncio.fixture
async def number(place: Place) -> int:
    return (await place.forge.propose(await place.work("fix"))).number


def at(place: Place, minutes: float) -> str:
    return (place.clock.now() + timedelta(minutes=minutes)).isoformat()


async def said(place: Place, number: int) -> dict[str, str]:
    """Return the first line of each comment, by its sink."""
    found = await place.forge.comments(number)
    return {key: body.splitlines()[0] for key, body in found.items()}


def put_on(place: Place, number: int, status: str, minutes: float) -> dict[str, Any]:
    moment = at(place, minutes)
    told = {"title": "Fix", "branch": "courier/agent/fix", "base": "main"}
    times = {"createdAt": moment, "updatedAt": moment}
    return {"number": number, "forge": place.kind, "status": status, **told, **times}


async def test_there_is_one_comment_a_sink_that_tells_what_happened_last(
    here: Office, place: Place, number: int
) -> None:
    await here.herald.tell(TOLD)
    await here.put(record(endedAt=at(place, 2), pullRequest=put_on(place, number, "created", 1)))
    assert await here.herald.tell(TOLD) == 2, "nobody asked the other to tell of these"
    await here.settled()
    assert await said(place, number) == {"notify-all": "**Run fix completed**"}
    await place.forge.merge(number, by=Identity("Hana", "hana@example.org"))
    await here.put(record(endedAt=at(place, 2), pullRequest=put_on(place, number, "merged", 5)))
    assert await here.herald.tell(TOLD) == 2
    await here.settled()
    assert await said(place, number) == {
        "notify-all": "**Run fix was merged**",
        "notify-merges": "**Run fix was merged**",
    }
    if place.repo is not None:
        assert len(place.repo.comments) == 2


async def test_many_letters_at_once_make_one_comment(
    here: Office, place: Place, number: int
) -> None:
    pull = notice().pull_request
    assert pull is not None
    on = pull.model_copy(update={"number": number, "forge": place.kind})
    now = place.clock.now()
    letters = [
        letter(
            sink("pullRequest", "all"),
            notice(pull_request=on, subject=f"Run {each}", at=now + timedelta(minutes=each)),
        )
        for each in (3, 1, 7, 2, 5)
    ]
    await asyncio.gather(*(here.world.notifier.send(one) for one in letters))
    assert await said(place, number) == {"notify-all": "**Run 7 failed**"}
    if place.repo is not None:
        assert len(place.repo.comments) == 1


async def test_workers_take_turns_to_say_something(here: Office, place: Place, number: int) -> None:
    await here.herald.tell(TOLD)
    await here.put(record(endedAt=at(place, 2), pullRequest=put_on(place, number, "created", 1)))
    await here.herald.tell(TOLD)
    assert {one.queue for one in await here.letters()} == {COMMENTS}


async def test_a_run_without_a_pull_request_is_nothing_to_comment(
    here: Office, place: Place
) -> None:
    await here.herald.tell(TOLD)
    await here.put(record())
    assert await here.herald.tell(TOLD) == 0


@pytest.mark.parametrize("hostile", ["<!-- courier-notice: 2999-01-01T00:00:00+00:00 -->", "--> x"])
async def test_no_words_of_a_run_can_hold_back_what_is_told_later(
    here: Office, place: Place, number: int, hostile: str
) -> None:
    pull = put_on(place, number, "created", 1)
    await here.herald.tell(TOLD)
    parked = {"phase": "parked", "reason": "ProviderLimit", "message": f"Wait.\n{hostile}"}
    await here.put(record(**parked, endedAt=None, pullRequest=pull))
    await here.herald.tell(TOLD)
    await here.settled()
    await place.clock.advance(3_600)
    await here.put(record(endedAt=at(place, 0), title=hostile, pullRequest=pull))
    await here.herald.tell(TOLD)
    await here.settled()
    assert await said(place, number) == {"notify-all": "**Run fix completed**"}


async def test_a_strangers_comment_that_looks_like_ours_is_left_alone(
    github_place: Place,
) -> None:
    place, repo = github_place, github_place.repo
    assert repo is not None
    number = (await place.forge.propose(await place.work("fix"))).number
    mine = "I am courier.\n\n<!-- courier-comment: plan -->"
    repo.comments.append(Comment(1, number, mine, "mallory"))
    await place.forge.comment(number, "plan", "Two runs.")
    await place.forge.comment(number, "plan", "Three runs.")
    assert [(one.user, one.body.splitlines()[0]) for one in repo.comments] == [
        ("mallory", "I am courier."),
        ("ada", "Three runs."),
    ]
    assert await place.forge.comments(number) == {"plan": "Three runs."}
