"""A harvest on either forge: one pull request, and what waits in it is known to the next."""

import pytest

from tests.engine.harvests import ANSWER, ISSUE, fenced, scan_plan
from tests.engine.worlds import Scene, git
from tests.fakes.github.hosting import Hosting

pytestmark = pytest.mark.slow


@pytest.fixture
def hosting(each_forge: Hosting | None) -> Hosting | None:
    return each_forge


async def test_files_are_proposed_once_and_known_to_the_next_scan(here: Scene) -> None:
    await here.run(scan_plan(here, f"cat <<'END'\n{fenced(ANSWER)}\nEND"))
    (pull,) = await here.forge.list()
    assert (pull.status, pull.forge) == ("created", here.forge_name)
    assert pull.title == "2 issues and 1 question from scan weekly"
    changed = git(here.origin, "diff", "--name-only", "main", "courier/scan-weekly")
    assert ".courier/issues/the-value-is-wrong.yaml" in changed.split()

    first = scan_plan(here, f"cat <<'END'\n{fenced({'issues': [ISSUE]})}\nEND")
    branch = first.git.model_copy(update={"branch": "courier/scan-again"})
    await here.run(first.model_copy(update={"run": "scan-again", "git": branch}))
    record = await here.record("scan-again")
    assert (record["reason"], record["message"]) == (
        "NothingFound",
        "Everything it found is known already.",
    )
    assert len(await here.forge.list()) == 1
