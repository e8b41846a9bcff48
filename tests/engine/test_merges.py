"""Branches brought together: by the host where they join, by an agent where they conflict."""

import pytest

from courier.runs.run.merging import Strategy
from tests.engine.mergescenes import branch, merge_plan
from tests.engine.worlds import Scene, git
from tests.fakes.github.hosting import Hosting

pytestmark = pytest.mark.slow


@pytest.fixture
def hosting(each_forge: Hosting | None) -> Hosting | None:
    return each_forge


def told_of(record: dict[str, object]) -> list[str]:
    found = record["merges"]
    assert isinstance(found, list)
    return [f"{one['branch']} {one['how']}" for one in found]


async def test_branches_that_join_need_no_agent(here: Scene) -> None:
    one = await branch(here, "one", value="one\n")
    two = await branch(here, "two", **{"other.txt": "two\n"})
    state = await here.run(merge_plan(here, "one", "two", run="exit 1"))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    record = await here.record("join.merge")
    assert told_of(record) == ["one merged", "two merged"]
    assert record["steps"] == []
    assert record["usage"]["inputTokens"] == 0
    assert git(here.origin, "show", "courier/join.merge:value") == "one"
    assert git(here.origin, "show", "courier/join.merge:other.txt") == "two"
    parents = git(here.origin, "log", "--format=%P", "--merges", "courier/join.merge").split()
    assert {one, two, here.base} <= {*parents}
    assert record["pullRequest"]["status"] == "created"


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
async def test_a_conflict_is_put_before_an_agent_as_git_puts_it(
    here: Scene, strategy: Strategy
) -> None:
    await branch(here, "one", value="one\n")
    two = await branch(here, "two", value="two\n", extra="more\n")
    plan = merge_plan(here, "one", "two", check="grep -q 'one and two' value", strategy=strategy)
    state = await here.run(plan)
    record = await here.record("join.merge")
    assert state.result == {"phase": "completed", "reason": "Completed"}, record["message"]
    assert told_of(record) == ["one merged", "two resolved"]
    tip = "courier/join.merge"
    assert git(here.origin, "show", f"{tip}:value") == "one and two"
    assert git(here.origin, "show", f"{tip}:extra") == "more"
    assert "Conflict, as git left it" not in git(here.origin, "log", "--format=%s", tip)
    parents = git(here.origin, "log", "-1", "--format=%P", tip).split()
    assert (two in parents) is (strategy == "merge")
    assert len(parents) == (2 if strategy == "merge" else 1)
    if strategy == "rebase":
        assert git(here.origin, "log", "-1", "--format=%s|%an", tip) == "Work of two|Test"
    else:
        trailers = git(here.origin, "log", "-1", "--format=%(trailers)", tip)
        assert "Courier-Run: join.merge" in trailers
    assert git(here.origin, "log", "--format=%ae", f"main..{tip}").count("\n") >= 1
    body = record["pullRequest"]["body"]
    assert "| `two` |" in body
    assert "conflict resolved by the agent" in body


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        ("true", "ConflictLeft"),
        ("git merge --abort", "ConflictLeft"),
        ("exit 3", "CommandFailed"),
        ("git checkout -q --theirs value && git add value && git commit -qm mine", "Completed"),
        ("git checkout -q --ours value; echo new > extra", "Completed"),
    ],
)
async def test_only_what_is_resolved_is_merged(here: Scene, commands: str, reason: str) -> None:
    await branch(here, "one", value="one\n")
    await branch(here, "two", value="two\n")
    plan = merge_plan(here, "one", "two", run=commands)
    state = await here.run(plan.model_copy(update={"attempts_per_step": 1}))
    assert isinstance(state.result, dict)
    assert state.result["reason"] == reason, (await here.record("join.merge"))["message"]
    log = git(here.origin, "log", "--format=%B", "courier/join.merge")
    assert "Conflict, as git left it" not in log
    assert "<<<<<<<" not in git(here.origin, "show", "courier/join.merge:value")


async def test_what_was_merged_before_is_skipped(here: Scene) -> None:
    await branch(here, "one", value="one\n")
    git(here.origin, "branch", "-f", "main", "one")
    await here.world.repository.fetch()
    state = await here.run(merge_plan(here, "one", run="exit 1"))
    record = await here.record("join.merge")
    assert state.result == {"phase": "completed", "reason": "NoChanges"}
    assert record["message"] == "Everything was merged already."
    assert told_of(record) == ["one skipped"]
    assert here.branches() == {"main", "one"}


async def test_a_check_that_fails_gives_the_merge_back(here: Scene) -> None:
    await branch(here, "one", value="one\n")
    await branch(here, "two", **{"other": "two\n"})
    mend = 'echo "$COURIER_FEEDBACK" >&2; echo mended > mended'
    state = await here.run(merge_plan(here, "one", "two", run=mend, check="test -e mended"))
    record = await here.record("join.merge")
    assert state.result == {"phase": "completed", "reason": "Completed"}, record["message"]
    assert [step["step"] for step in record["steps"]] == ["check", "merge", "check"]
    assert git(here.origin, "show", "courier/join.merge:mended") == "mended"


async def test_conflicts_of_every_kind_are_shown(here: Scene) -> None:
    await branch(here, "one", value="one\n", both="a\n")
    scratch = here.origin.parent / "gone"
    git(here.origin.parent, "clone", "-q", str(here.origin), str(scratch))
    git(scratch, "switch", "-q", "-c", "gone")
    git(scratch, "rm", "-q", "value")
    (scratch / "both").write_text("b\n")
    git(scratch, "add", "-A")
    git(scratch, "commit", "-q", "-m", "Take the value away")
    git(scratch, "push", "-q", "origin", "gone")
    await here.world.repository.fetch()
    commands = """
    git status --porcelain
    test "$(git status --porcelain | sort | tr '\\n' ',')" = "AA both,UD value,"  || exit 1
    git rm -q value; echo a and b > both
    """
    state = await here.run(merge_plan(here, "one", "gone", run=commands))
    record = await here.record("join.merge")
    assert state.result == {"phase": "completed", "reason": "Completed"}, record["message"]
    assert git(here.origin, "ls-tree", "--name-only", "courier/join.merge").split() == [
        ".courier",
        "both",
        "keep.txt",
    ]
