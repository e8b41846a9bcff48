"""What people do to pull requests by hand, told by passes: no duplicate, nothing lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.chainscenes import PERSON, ChainScene, Ground, chain_scene, ground_on
from tests.engine.test_open_caps import asked
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

RUNS = ("closed", "deleted", "forced", "merged", "squashed")


@pytest.fixture(params=["local", "github"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """Both forges, one after the other."""
    with ground_on(request.param, tmp_path) as found:
        yield found


def documents(ground: Ground) -> str:
    """Return a project, and a workflow whose runs change a file of their own each."""
    forge = "local" if ground.hosting is None else "github"
    envelope = "apiVersion: courier/v1\nkind: {}\nmetadata: {{name: {}}}\nspec: "
    project = f"{{title: Demo, repository: {{forge: {forge}}}}}\n---\n"
    steps = "{steps: [{name: work, type: custom, run: 'echo x > \"$COURIER_RUN\"'}]}\n"
    return (
        envelope.format("Project", "demo") + project + envelope.format("Workflow", "note") + steps
    )


def commit(origin: Path, tree: str, parent: str, words: str) -> str:
    return git(origin, "commit-tree", tree, "-p", parent, "-m", words)


async def decide(scene: ChainScene, numbers: dict[str, int]) -> str:
    """Do to each pull request what its run is called; return where the forced one is then."""
    origin, forge = scene.here.origin, scene.here.forge
    await forge.close(numbers["closed"], by=PERSON)
    git(origin, "branch", "-D", "courier/deleted")
    await forge.merge(numbers["merged"], by=PERSON)
    forced = commit(origin, "courier/forced^{tree}", "main", "Mine")
    git(origin, "update-ref", "refs/heads/courier/forced", forced)
    tree = git(origin, "merge-tree", "--write-tree", "main", "courier/squashed").splitlines()[0]
    git(origin, "update-ref", "refs/heads/main", commit(origin, tree, "main", "Squashed by hand"))
    git(origin, "branch", "-D", "courier/squashed")
    return forced


async def pulls(scene: ChainScene) -> dict[str, dict[str, Any]]:
    """The pull requests on record."""
    return {run: (await scene.here.record(run))["pullRequest"] for run in RUNS}


async def test_records_follow_and_nothing_is_opened_again(
    ground: Ground, sandboxd: Endpoint
) -> None:
    # What has no branch any more GitHub closes; a proposal of our own knows its commit.
    deleted = "closed" if ground.hosting is not None else "created"
    wanted = {
        "closed": "closed",
        "deleted": deleted,
        "forced": "created",
        "merged": "merged",
        "squashed": "merged",
    }
    async with chain_scene(ground, sandboxd, asked(*RUNS)) as scene:
        scene.commit({".courier/all.yaml": documents(ground)})
        await scene.settle()
        numbers = {pull.run: pull.number for pull in await scene.here.forge.list()}
        assert sorted(numbers) == list(RUNS)
        forced = await decide(scene, numbers)
        await scene.settle()
        told = await pulls(scene)
        assert {run: pull["status"] for run, pull in told.items()} == wanted
        assert {run: pull["number"] for run, pull in told.items()} == numbers
    async with chain_scene(ground, sandboxd) as scene:
        await scene.settle()
        assert {run: pull["status"] for run, pull in (await pulls(scene)).items()} == wanted
        listed = {pull.run: pull for pull in await scene.here.forge.list()}
        assert {run: pull.number for run, pull in listed.items()} == numbers
        assert listed["forced"].head == forced
        assert sorted(await scene.runs()) == list(RUNS)
        for run in RUNS:
            record = await scene.here.record(run)
            assert (record["phase"], record["reason"]) == ("completed", "Completed")
            assert len(record["steps"]) == 1
