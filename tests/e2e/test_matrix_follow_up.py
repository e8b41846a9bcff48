"""Every agent in a live sandbox: real programs, follow-up messages, scripted models."""

import json
from collections.abc import Iterator

import pytest

from courier.sandboxd.launcher import stop
from tests.contracts.scratch import git
from tests.e2e.clis.local import TOOLS
from tests.e2e.follow_up import FIRST, SECOND, follow_up, script
from tests.e2e.matrix import PROJECT, Place
from tests.e2e.rows import ROWS, SECRETS, Row
from tests.fakes.models import ScriptedModels


@pytest.fixture(params=ROWS)
def row(request: pytest.FixtureRequest) -> Row:
    found = ROWS[request.param]
    if not (TOOLS / found.cli).exists():
        pytest.skip(f"{found.cli} is missing: `make tools`")
    return found


@pytest.fixture
def place(row: Row, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("desk")
    with ScriptedModels({"matrix": script(row)}) as models:
        found = Place(folder, models)
        found.furnish(
            {
                ".courier/project.yaml": json.dumps(PROJECT),
                **{f".courier/{path}": text for path, text in row.documents},
            }
        )
        try:
            yield found
        finally:
            stop(folder / "state" / "sandboxd", kill_sandboxes=True)


@pytest.mark.e2e
@pytest.mark.slow
def test_a_follow_up_continues_the_conversation_and_ends_in_a_pull_request(
    row: Row, place: Place
) -> None:
    told = follow_up(place, row)
    assert (told["state"], told["reason"]) == ("killed", "Killed")
    said = [(one["role"], one["status"], one["content"]) for one in told["messages"]]
    assert said == [
        ("user", "completed", FIRST),
        ("assistant", "completed", "I wrote 41."),
        ("user", "completed", SECOND),
        ("assistant", "completed", "It is 42 now."),
    ]
    first, second = told["messages"][1], told["messages"][3]
    assert first["session"] is not None
    assert first["session"] == second["session"]
    assert [part["fault"] for part in told["going"]] == [None] * len(told["going"])
    branch = told["work"]["branch"]
    assert git("show", f"{branch}:answer.txt", cwd=place.origin) == "42"
    assert told["pullRequest"]["status"] == "created"
    assert told["transcript"]
    check_usage(row, place, told["usage"])
    digests = {(one["kind"], one["name"]): one["digest"] for one in told["inputs"]}
    assert ("Sandbox", told["sandbox"]) in digests
    assert not any(secret in json.dumps(told) for secret in SECRETS.values())


def check_usage(row: Row, place: Place, used: dict[str, float]) -> None:
    """Hold that every request is paid for once, over all messages of the conversation."""
    requests = [one for one in place.models.logged("matrix") if one.path.endswith(row.wire)]
    assert len(requests) == 4
    assert used["inputTokens"] == 1000 * len(requests)
    assert used["outputTokens"] == 50 * len(requests)
    assert used["sandboxSeconds"] > 0
