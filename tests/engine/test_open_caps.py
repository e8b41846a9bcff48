"""The cap on open pull requests, on either forge: what starts, what waits and says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from courier.engine.passes.reconciler import Result
from tests.engine.chainscenes import NOTE, PERSON, ChainScene, Ground, chain_scene, ground_on
from tests.engine.test_deliveries import onto
from tests.engine.worlds import git, single_plan
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

WHY = "1 pull requests are open or on their way, and the project allows 1"


@pytest.fixture(params=["local", "github"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """Both forges, one after the other."""
    with ground_on(request.param, tmp_path) as found:
        yield found


def capped(ground: Ground) -> dict[str, str]:
    """Return the documents of a project that may have one pull request open."""
    forge = "local" if ground.hosting is None else "github"
    spec = f"title: Demo, repository: {{forge: {forge}}}, concurrency: {{openPullRequests: 1}}"
    kind = "apiVersion: courier/v1\nkind: Project\nmetadata: {name: demo}\n"
    return {".courier/all.yaml": f"{kind}spec: {{{spec}}}\n---\n{NOTE}"}


def asked(*names: str) -> str:
    return "---\n".join(
        f"apiVersion: courier/v1\nkind: Run\nmetadata: {{name: {name}}}\n"
        f"spec: {{workflow: note, prompt: Do {name}}}\n"
        for name in names
    )


def held(result: Result) -> dict[str, str]:
    assert result.plan is not None
    return {one.name: one.message for one in result.plan.held if one.reason == "Limit"}


async def open_ones(scene: ChainScene) -> list[str]:
    return [pull.run for pull in await scene.here.forge.list(status="created")]


async def test_nothing_starts_at_the_cap_until_one_is_merged_or_closed(
    ground: Ground, sandboxd: Endpoint
) -> None:
    async with chain_scene(ground, sandboxd, asked("a", "b", "c")) as scene:
        scene.commit(capped(ground))
        waiting = held(await scene.settle())
        assert sorted(waiting) == ["b", "c"]
        assert all(WHY in why for why in waiting.values())
        assert (await open_ones(scene), await scene.runs()) == (["a"], ["a"])
        await scene.merge(1)
        assert sorted(held(await scene.settle())) == ["c"]
        assert (await open_ones(scene), await scene.runs()) == (["b"], ["a", "b"])
        await scene.here.forge.close(2, by=PERSON)
        assert held(await scene.settle()) == {}
        assert (await open_ones(scene), await scene.runs()) == (["c"], ["a", "b", "c"])


async def test_one_the_forge_refused_is_opened_when_there_is_room_and_before_anything_new(
    ground: Ground, sandboxd: Endpoint
) -> None:
    async with chain_scene(ground, sandboxd, asked("a")) as scene:
        scene.commit(capped(ground))
        await scene.settle()
        here = scene.here
        await here.run(onto(single_plan(here, "echo x > late", run="late"), "next", here.base))
        git(here.origin, "branch", "next", "main")
        scene.commit({".courier/chain.yaml": asked("a", "b")})
        assert "b" in held(await scene.settle())
        assert (await here.record("late"))["pullRequest"]["status"] == "failed"
        assert await open_ones(scene) == ["a"]
        await scene.merge(1)
        assert WHY in held(await scene.settle())["b"]
        assert await open_ones(scene) == ["late"]
        late = await here.record("late")
        assert (late["phase"], late["pullRequest"]["number"]) == ("completed", 2)
        await here.forge.close(2, by=PERSON)
        assert held(await scene.settle()) == {}
        assert await open_ones(scene) == ["b"]
