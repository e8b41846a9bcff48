"""The gate on real bundles: every hostile one is refused, every harmless one passes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from courier.errors import Misused, NotFound, Refused
from courier.ports.repository import GateRules
from courier.storage.mirror import Mirror
from tests.contracts.repository.agent_bundles import REF, Agent, Value, header
from tests.contracts.repository.gate_cases import APPROVAL, KEY, LIMIT, PASSED, REFUSED, SECRET
from tests.contracts.scratch import Scratch, git, make_scratch

KEEP = "refs/courier/runs/r/1"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    scratch = make_scratch(tmp_path_factory.mktemp("gate"))
    lines = "".join(f"line {n}\n" for n in range(2000))
    scratch.commit({"README.md": "hello\n", "lines.txt": lines, "fixture.txt": f"{KEY}\n"})
    scratch.commit({".courier/project.yaml": "title: x\n", "src/a.py": "a = 1\n"})
    scratch.push()
    return scratch


@pytest.fixture(scope="module")
def agent(place: Scratch) -> Agent:
    folder = place.folder / "agent.git"
    git("clone", "-q", "--bare", str(place.origin), str(folder), cwd=place.folder)
    base, older = git("rev-list", "main", cwd=folder).split()
    made = Agent(folder, base, git("rev-parse", f"{base}^{{tree}}", cwd=folder), older)
    for line in made.git("ls-tree", "-r", "-z", base).split(b"\0")[:-1]:
        facts, _, path = line.partition(b"\t")
        mode, _, blob = facts.decode().split(" ")
        made.files[path] = (mode, blob)
    return made


@pytest.fixture
async def mirror(place: Scratch) -> AsyncIterator[Mirror]:
    opened = await place.mirror().open()
    if await opened.resolve("refs/remotes/origin/main") is None:
        await opened.fetch()
    yield opened
    for ref in _hidden(opened):
        git("update-ref", "-d", ref, cwd=opened.plumbing.folder)
    await opened.close()


@pytest.fixture
def rules(agent: Agent) -> GateRules:
    return GateRules(
        ref=REF,
        base=agent.base,
        authors=("Agent@courier",),
        protected_paths=("infra/**",),
        max_bytes=LIMIT,
        secrets=(SECRET, "x"),
    )


def _hidden(mirror: Mirror) -> list[str]:
    listed = git("for-each-ref", "--format=%(refname)", "refs/courier", cwd=mirror.plumbing.folder)
    return listed.split()


@pytest.mark.parametrize("case", REFUSED)
async def test_a_hostile_bundle_is_refused(
    case: str, mirror: Mirror, agent: Agent, rules: GateRules
) -> None:
    code, make = REFUSED[case]
    with pytest.raises(Refused) as caught:
        await mirror.admit(make(agent), rules=rules, keep_at=KEEP)
    assert caught.value.code == code, str(caught.value)
    assert not caught.value.needs_approval
    assert caught.value.detail
    assert SECRET not in str(caught.value)
    assert _hidden(mirror) == []
    assert list(mirror.plumbing.scratch.iterdir()) == []


@pytest.mark.parametrize("case", APPROVAL)
async def test_protected_paths_wait_for_a_human(
    case: str, mirror: Mirror, agent: Agent, rules: GateRules
) -> None:
    bundle = APPROVAL[case](agent)
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            await mirror.admit(bundle, rules=rules, keep_at=KEEP)
        assert caught.value.code == "ProtectedPath", str(caught.value)
        assert caught.value.needs_approval
    assert await mirror.resolve(KEEP) is None
    waits = await mirror.held_back(KEEP)
    head = await mirror.release(KEEP)
    assert (waits, await mirror.held_back(KEEP)) == (head, None)
    assert await mirror.resolve(KEEP) == head
    assert _hidden(mirror) == [KEEP]
    with pytest.raises(NotFound):
        await mirror.release(KEEP)


@pytest.mark.parametrize("case", PASSED)
async def test_a_harmless_bundle_passes(
    case: str, mirror: Mirror, agent: Agent, rules: GateRules
) -> None:
    bundle = PASSED[case](agent)
    admitted = await mirror.admit(bundle, rules=rules, keep_at=KEEP)
    assert admitted == await mirror.admit(bundle, rules=rules, keep_at=KEEP)
    assert await mirror.resolve(KEEP) == admitted.commit
    stat = git(
        "diff",
        "--no-renames",
        "--name-only",
        "-z",
        agent.base,
        admitted.commit,
        cwd=mirror.plumbing.folder,
    )
    assert list(admitted.files) == sorted(name for name in stat.split("\0") if name)
    assert list(mirror.plumbing.scratch.iterdir()) == []


async def test_what_was_admitted_is_counted_and_can_be_pushed(
    place: Scratch, mirror: Mirror, agent: Agent, rules: GateRules
) -> None:
    head = agent.commits(
        agent.tree({"n": "1\n2\n3\n"}), agent.tree({"n": "1\n", "README.md": "bye\n"})
    )
    admitted = await mirror.admit(agent.bundle(head), rules=rules, keep_at=KEEP)
    assert (admitted.commit, admitted.commits) == (head, 2)
    assert admitted.files == ("README.md", "n")
    await mirror.push(head, branch="courier/counted", expected=None)
    assert place.tip("courier/counted") == head
    await mirror.delete_branch("courier/counted")


async def test_every_reason_is_told(mirror: Mirror, agent: Agent, rules: GateRules) -> None:
    changes: dict[str, Value] = {"a\\b": "x", ".env": SECRET, ".courier/x": "y"}
    tree = agent.tree({**changes, "l": ("120000", agent.blob("/"))})
    bundle = agent.bundle(agent.commit(tree, author="Mallory <m@example.org>"))
    with pytest.raises(Refused) as caught:
        await mirror.admit(bundle, rules=rules, keep_at=KEEP)
    told = caught.value.detail
    for code in ("BadPath", "Secret", "ProtectedPath", "LinkOutside", "ForeignAuthor"):
        assert f"{code}:" in told


async def test_work_goes_on_from_what_was_admitted_before(
    mirror: Mirror, agent: Agent, rules: GateRules
) -> None:
    first = agent.commit(agent.tree({"n": "1"}))
    second = agent.commit(agent.tree({"n": "2"}), parents=[first])
    await mirror.admit(agent.bundle(first), rules=rules, keep_at=KEEP)
    admitted = await mirror.admit(agent.bundle(second, base=first), rules=rules, keep_at=KEEP)
    assert admitted.commits == 2


async def test_objects_nobody_points_at_stay_outside(
    mirror: Mirror, agent: Agent, rules: GateRules
) -> None:
    stowaway = agent.blob("stowaway, never scanned")
    tree = agent.tree({"n": "x"})
    head = agent.commit(tree)
    pack = agent.pack_of(head, tree, agent.blob("x"), stowaway)
    await mirror.admit(header([agent.base], {REF: head}) + pack, rules=rules, keep_at=KEEP)
    with pytest.raises(NotFound):
        await mirror.read([stowaway])


async def test_many_at_once(mirror: Mirror, agent: Agent, rules: GateRules) -> None:
    bundles = [agent.bundle(agent.commit(agent.tree({f"n{n}": f"{n}"}))) for n in range(6)]
    admitted = await asyncio.gather(
        *(
            mirror.admit(bundle, rules=rules, keep_at=f"refs/courier/runs/r/{n}")
            for n, bundle in enumerate(bundles)
        )
    )
    assert [one.files for one in admitted] == [(f"n{n}",) for n in range(6)]


async def test_a_ref_to_keep_at_must_be_one(mirror: Mirror, rules: GateRules) -> None:
    with pytest.raises(Misused):
        await mirror.admit(b"", rules=rules, keep_at="--delete")


def test_there_are_enough_cases() -> None:
    assert len(REFUSED) + len(APPROVAL) + len(PASSED) >= 54


def test_nothing_is_ever_checked_out(place: Scratch) -> None:
    assert not Path("/tmp/owned").exists()
    assert not (place.state / "mirror.git" / "index").exists()
