"""Commits signed on their way out: all that are ours, none of others, and the key left nowhere."""

import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from courier.engine.accounts.replay import replay
from courier.engine.inflight import Phase
from courier.runs.run.frozen import FrozenApproval, FrozenPlan
from courier.runs.steps.parking import SIGNAL
from tests.engine.conftest import FILES
from tests.engine.mergescenes import branch, merge_plan
from tests.engine.test_run_keyless import one_pass
from tests.engine.worlds import (
    DEMO_SECRETS,
    Scene,
    git,
    make_origin,
    provider,
    scene,
    shell_plan,
    single_plan,
)
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture
async def signs(tmp_path: Path, sandboxd: Endpoint, key: Path) -> AsyncIterator[Scene]:
    origin = make_origin(tmp_path, FILES)
    secrets = {**DEMO_SECRETS, "SIGNING_KEY": key.read_text(), "BROKEN_KEY": "no key"}
    folder = tmp_path / tmp_path.name
    async with scene(folder, origin, provider(sandboxd), environment=secrets) as opened:
        yield opened


def signing(plan: FrozenPlan, name: str = "SIGNING_KEY") -> FrozenPlan:
    git_ = plan.git.model_copy(update={"signing_key": name})
    return plan.model_copy(update={"git": git_})


def verified(here: Scene, key: Path, commit: str) -> bool:
    """Return whether a commit bears a signature of the key, by git itself."""
    allowed = key.with_name("allowed")
    allowed.write_text(f"courier@example.com {key.with_suffix('.pub').read_text()}")
    done = subprocess.run(
        ["git", "-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", commit],
        cwd=here.origin,
        env=dict(os.environ),
        check=False,
        capture_output=True,
    )
    return done.returncode == 0


async def test_every_commit_of_a_run_is_signed_and_the_key_is_nowhere(
    signs: Scene, key: Path, tmp_path: Path
) -> None:
    commands = 'echo 1 > value; git commit -qam "Mine"; echo 2 > value; env; ls -R ~ | head -50'
    plan = shell_plan(signs, design=commands, check="true")
    state = await signs.run(signing(plan))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    commits = git(signs.origin, "rev-list", "main..courier/fix").split()
    assert len(commits) == 2
    assert all(verified(signs, key, commit) for commit in commits)
    assert not verified(signs, key, "main")
    record = await signs.record()
    assert record["pullRequest"]["head"] == record["work"]["commit"] == commits[0]
    secret = key.read_text().splitlines()[2].encode()
    kept = [
        path
        for path in (tmp_path / tmp_path.name).rglob("*")
        if path.is_file() and secret in path.read_bytes()
    ]
    assert kept == []
    assert "SIGNING_KEY" not in signs.world.transcripts.whole("fix").decode()


async def test_a_merge_is_signed_and_what_others_made_stays_theirs(signs: Scene, key: Path) -> None:
    one = await branch(signs, "one", value="one\n")
    two = await branch(signs, "two", value="two\n")
    plan = merge_plan(signs, "one", "two", run="echo both > value")
    state = await signs.run(signing(plan))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    tip = "courier/join.merge"
    theirs = {one, two}
    commits = set(git(signs.origin, "rev-list", f"main..{tip}").split())
    assert theirs <= commits
    assert all(verified(signs, key, commit) for commit in commits - theirs)
    assert not any(verified(signs, key, commit) for commit in theirs)


async def test_with_a_key_that_is_none_nothing_leaves(signs: Scene) -> None:
    state = await signs.run(signing(single_plan(signs, "echo 1 > value"), "BROKEN_KEY"))
    assert isinstance(state.result, dict)
    assert state.result["phase"] == "failed"
    assert signs.branches() == {"main"}
    message = (await signs.record())["message"]
    assert "signed" in message
    assert "no key" not in message


async def test_without_a_key_it_waits_and_goes_on_where_there_is_one(
    tmp_path: Path, sandboxd: Endpoint, key: Path
) -> None:
    origin, home = make_origin(tmp_path, FILES), tmp_path / tmp_path.name
    async with scene(home, origin, provider(sandboxd)) as here:
        await here.submit(signing(single_plan(here, "echo 1 > value")))
        await here.reached("fix", SIGNAL)
        how, why = await one_pass(here)
        assert (how, "SIGNING_KEY" in why) == ("underway", True)
        record = await here.record()
        assert (record["phase"], record["reason"]) == ("parked", "MissingSecret")
        assert here.branches() == {"main"}
        assert await here.tidy()
    async with scene(home, origin, provider(sandboxd)) as here:
        assert (await one_pass(here))[0] == "underway"
    keyed = {"SIGNING_KEY": key.read_text()}
    async with scene(home, origin, provider(sandboxd), environment=keyed) as here:
        assert (await one_pass(here))[0] == "unlocked"
        assert (await here.engine.wait("fix")).phase is Phase.COMPLETED
        assert verified(here, key, "courier/fix")
        record = await here.record()
        assert (record["phase"], len(record["steps"])) == ("completed", 1)
        assert record["pullRequest"]["status"] == "created"
        assert (await replay(here.world, here.engine, "fix")).is_exact


async def test_a_run_that_waits_for_its_key_can_be_called_off(here: Scene) -> None:
    await here.submit(signing(single_plan(here, "echo 1 > value"), "NO_SUCH_KEY"))
    await here.reached("fix", SIGNAL)
    await here.engine.cancel("fix", by="ada", reason="no longer wanted")
    assert (await here.engine.wait("fix")).phase is Phase.CANCELLED
    assert (await here.record())["phase"] == "cancelled"
    assert here.branches() == {"main"}


async def test_what_is_to_be_approved_waits_for_its_key_before_anybody_is_asked(
    tmp_path: Path, sandboxd: Endpoint, key: Path
) -> None:
    origin, home = make_origin(tmp_path, FILES), tmp_path / tmp_path.name
    async with scene(home, origin, provider(sandboxd)) as here:
        place = FrozenApproval(name="look", before="delivery")
        plan = signing(single_plan(here, "echo 1 > value"))
        await here.submit(plan.model_copy(update={"approvals": (place,)}))
        await here.reached("fix", SIGNAL)
        assert (await here.record())["reason"] == "MissingSecret"
    keyed = {"SIGNING_KEY": key.read_text()}
    async with scene(home, origin, provider(sandboxd), environment=keyed) as here:
        assert (await one_pass(here))[0] == "unlocked"
        await here.reached("fix", "approval")
        assert verified(here, key, here.tip("courier/fix"))
        assert (await here.record())["reason"] == "AwaitingApproval"


async def test_what_was_shown_to_be_approved_is_signed_too(signs: Scene, key: Path) -> None:
    place = FrozenApproval(name="look", before="delivery")
    plan = signing(single_plan(signs, "echo 1 > value")).model_copy(update={"approvals": (place,)})
    await signs.submit(plan)
    await signs.reached("fix", "approval")
    shown = signs.tip("courier/fix")
    assert verified(signs, key, shown)
    asked = (await signs.record())["approvals"][0]
    told = ("approval", "commit", "tree", "words")
    given = {name: asked[name] for name in told} | {
        "at": asked["at"],
        "answer": "approved",
        "by": "Ada <ada@example.com>",
        "how": "command",
    }
    await signs.engine.send("fix", "approval", json.dumps(given))
    state = await signs.engine.wait("fix")
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert signs.tip("courier/fix") == shown
    assert (await signs.record())["pullRequest"]["head"] == shown
