"""Why a line is there, told from real history: merges, squashes, moves, people's own work."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from courier.engine.accounts.provenance import Provenance, Reason
from courier.errors import NotFound
from courier.ports.state import WriteFile
from courier.runs.records.writeback import to_json
from courier.storage.annotations import GitAnnotations
from courier.storage.checkout import Checkout
from courier.storage.index import Index
from tests.contracts.scratch import GIT_ENV
from tests.engine.post import record
from tests.engine.worlds import git
from tests.fakes.clock import FakeClock
from tests.fakes.memory import MemoryState

BASE = "def slug(text):\n    return text\n\n\ndef other():\n    return 'a long line of its own'\n"


@dataclass
class Clone:
    """A working tree, and the records of its repository."""

    root: Path
    state: MemoryState
    index: Index

    def write(self, text: str, name: str = "slug.py") -> None:
        (self.root / name).write_text(text)

    def commit(self, message: str, **trailers: str) -> str:
        git(self.root, "add", "-A")
        told = "\n".join(f"Courier-{name}: {value}" for name, value in trailers.items())
        git(self.root, "commit", "-q", "-m", f"{message}\n\n{told}".strip())
        return git(self.root, "rev-parse", "HEAD")

    def work(self) -> str:
        """Do two steps' work on a branch, each a line, and go back to main."""
        git(self.root, "checkout", "-q", "-b", "courier/fix")
        self.write(BASE.replace("text\n", "text.lower()\n"))
        self.commit("Fix", Run="fix", Step="design-1", Persona="ada")
        self.write((self.root / "slug.py").read_text().replace("    return 'a", "    return 'A"))
        tip = self.commit("Fix (iteration 2)", Run="fix", Step="design-2")
        git(self.root, "checkout", "-q", "main")
        return tip

    async def put(self, **changes: Any) -> None:
        told = record(**{"steps": STEPS, **changes})
        path = f"runs/2026/01/02/{told['run']}/run.json"
        await self.state.write([WriteFile(path, to_json(told))], message="x")
        await self.index.follow()

    async def why(self, first: int, last: int | None = None, name: str = "slug.py") -> list[Reason]:
        annotations = GitAnnotations(Checkout(self.root, GIT_ENV).git)
        provenance = Provenance(self.state, self.index, annotations)
        return list(await provenance.why(name, first, last or first))


def step(name: str, iteration: int, **more: Any) -> dict[str, Any]:
    return {"step": name, "iteration": iteration, "attempt": 1, "files": [], **more}


STEPS = [
    step("design", 1, files=["slug.py"], persona="ada", agent="claude"),
    step("check", 1, verdict={"passed": False, "feedback": "Shout."}),
    step("design", 2, files=["slug.py"], agent="claude"),
    step("check", 2, verdict={"passed": True, "feedback": ""}),
]


@pytest_asyncio.fixture
async def clone(tmp_path: Path) -> AsyncIterator[Clone]:
    root, state = tmp_path / "repo", MemoryState()
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    index = Index(state, tmp_path / "index", FakeClock())
    made = Clone(root, state, index)
    made.write(BASE)
    made.commit("Begin")
    yield made
    index.close()


def told(reason: Reason) -> tuple[str, str, object, bool]:
    attempt = reason.attempt or {}
    name = f"{attempt.get('step')}-{attempt.get('iteration')}" if attempt else None
    return reason.run, reason.how, name, reason.is_sure


async def test_a_merged_run(clone: Clone) -> None:
    tip = clone.work()
    git(clone.root, "merge", "-q", "--no-ff", "-m", "Merge #1", tip)
    await clone.put(work={"commit": tip})
    assert [told(one) for one in await clone.why(1, 6)] == [
        ("", "nothing", None, True),
        ("fix", "trailers", "design-1", True),
        ("", "nothing", None, True),
        ("fix", "trailers", "design-2", True),
    ]


async def test_a_line_that_was_moved_to_another_file_keeps_its_reason(clone: Clone) -> None:
    tip = clone.work()
    git(clone.root, "merge", "-q", "--no-ff", "-m", "Merge #1", tip)
    await clone.put()
    text = (clone.root / "slug.py").read_text()
    git(clone.root, "mv", "slug.py", "lib.py")
    clone.write("# new\n" + text, "lib.py")
    clone.commit("Move")
    clone.write("# newer\n# new\n" + text, "lib.py")
    (fresh,) = await clone.why(1, name="lib.py")
    assert fresh.commit is None
    (found,) = await clone.why(4, name="lib.py")
    assert told(found) == ("fix", "trailers", "design-1", True)


@pytest.mark.parametrize("way", ["trailers", "merge commit", "number"])
@pytest.mark.parametrize("has_branch", [True, False])
async def test_a_squashed_run(clone: Clone, way: str, *, has_branch: bool) -> None:
    tip = clone.work()
    git(clone.root, "merge", "-q", "--squash", tip)
    squashed = (
        clone.commit("Fix (#7)", Proposal="7", Run="fix")
        if way == "trailers"
        else clone.commit("Fix it (#7)")
    )
    merged = squashed if way == "merge commit" else None
    pull = {"number": 7, "status": "merged", "mergeCommit": merged}
    await clone.put(work={"commit": tip}, pullRequest=pull)
    if not has_branch:
        git(clone.root, "branch", "-q", "-D", "courier/fix")
        git(clone.root, "reflog", "expire", "--expire=now", "--all")
        git(clone.root, "gc", "-q", "--prune=now")
    first, second = (await clone.why(2))[0], (await clone.why(6))[0]
    if has_branch:
        assert told(first) == ("fix", "squash", "design-1", True)
        assert told(second) == ("fix", "squash", "design-2", True)
    elif way == "number":
        assert told(first)[0] == ""
    else:
        assert told(first) == ("fix", "squash", "design-2", False)


async def test_somebody_elses_pull_request_of_the_same_number_is_not_taken_for_a_run(
    clone: Clone,
) -> None:
    tip = clone.work()
    clone.write(BASE.replace("slug", "slugify"))
    clone.commit("Rename (#7)")
    await clone.put(work={"commit": tip}, pullRequest={"number": 7, "status": "closed"})
    assert told((await clone.why(1))[0]) == ("", "nothing", None, True)


async def test_what_an_agent_committed_itself_without_trailers(clone: Clone) -> None:
    git(clone.root, "checkout", "-q", "-b", "courier/fix")
    clone.write(BASE.replace("text\n", "text.lower()\n"))
    own = clone.commit("My own words")
    git(clone.root, "checkout", "-q", "main")
    git(clone.root, "merge", "-q", "--no-ff", "-m", "Merge #1\n\nCourier-Run: fix", own)
    await clone.put(steps=[step("design", 1, commit=own, files=["slug.py"])])
    (found,) = await clone.why(2)
    assert told(found) == ("fix", "merge", "design-1", True)
    assert found.carrier is not None


async def test_a_persons_commit_on_a_runs_branch_is_no_runs(clone: Clone) -> None:
    tip = clone.work()
    git(clone.root, "checkout", "-q", "courier/fix")
    clone.write((clone.root / "slug.py").read_text() + "by_hand = True\n")
    mine = clone.commit("A touch of mine")
    git(clone.root, "checkout", "-q", "main")
    git(clone.root, "merge", "-q", "--no-ff", "-m", "Merge #1\n\nCourier-Run: fix", mine)
    await clone.put(steps=[step("design", 1, commit=tip, files=["slug.py"])])
    (found,) = await clone.why(7)
    assert told(found) == ("", "nothing", None, True)
    assert found.note == "It came with the work of run fix; no run wrote it."


async def test_a_run_whose_record_is_not_here_is_named_all_the_same(clone: Clone) -> None:
    tip = clone.work()
    git(clone.root, "merge", "-q", "--no-ff", "-m", "Merge #1", tip)
    (found,) = await clone.why(2)
    assert (found.run, found.record) == ("fix", None)
    assert "courier/state" in found.note


async def test_who_asked_is_who_wrote_the_document(clone: Clone) -> None:
    (clone.root / ".courier").mkdir()
    clone.write("kind: Run\n", ".courier/fix.yaml")
    asked = clone.commit("Ask for it")
    tip = clone.work()
    git(clone.root, "merge", "-q", "--no-ff", "-m", "Merge #1", tip)
    await clone.put(document=".courier/fix.yaml", observedCommit=asked)
    assert (await clone.why(2))[0].asked_by == "Test <test@example.com>"


@pytest.mark.parametrize(("name", "line"), [("slug.py", 99), ("none.py", 1)])
async def test_what_is_not_there(clone: Clone, name: str, line: int) -> None:
    with pytest.raises(NotFound):
        await clone.why(line, name=name)


async def test_a_range_behind_the_end_means_the_end(clone: Clone) -> None:
    (found,) = await clone.why(5, 400)
    assert [one.number for one in found.lines] == [5, 6]
