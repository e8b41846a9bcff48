"""The example of assets from its documents to its delivered work, and plans of a working tree."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from courier.engine.desired.desired import DesiredState
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.preview import Preview
from courier.engine.passes.reconciler import Reconciler
from courier.planning.documents.manifest import Schemas
from courier.planning.plan import Plan, StartRun
from courier.runs.run.frozen import FrozenStep
from courier.shipped import schema_text
from courier.storage.checkout import Checkout
from tests.engine.worlds import Scene, git, provider, scene
from tests.fakes.embedded import Endpoint

EXAMPLE = Path(__file__).parents[2] / "examples" / "assets"
SKILL = Path(".courier/skills/release-notes")
PLAYED = """\
apiVersion: courier/v1
kind: Run
metadata: {name: played}
spec:
  workflow: notes
  prompt: Write the notes.
  overrides:
    write:
      run: |
        grep -q "from=\\"script tree\\"" "$COURIER_PROMPT_FILE"
        printf 'Notes of teh release.  \\nTone: %s\\n' "$TONE" > CHANGELOG.md
        echo "$(count-words CHANGELOG.md) words"
    rate:
      run: todo && grep -q "90 and more" "$COURIER_PROMPT_FILE" && cat ~/cache/state
"""


@dataclass(frozen=True)
class Desk:
    scene: Scene
    checkout: Path

    def commit(self) -> str:
        git(self.checkout, "add", "-A")
        git(self.checkout, "commit", "-q", "-m", "Change")
        git(self.checkout, "push", "-q", "origin", "main")
        return git(self.checkout, "rev-parse", "HEAD")

    @property
    def reconciler(self) -> Reconciler:
        world, engine = self.scene.world, self.scene.engine
        observation = Observation(world, engine, remote=str(self.scene.origin))
        dispatcher = Dispatcher(world, engine, observation)
        desired = DesiredState(world, Schemas(schema_text))
        return Reconciler(world, desired, observation, dispatcher)

    async def previewed(self) -> Plan:
        world, engine = self.scene.world, self.scene.engine
        observation = Observation(world, engine, remote=str(self.scene.origin))
        checkout = Checkout(self.checkout, os.environ)
        preview = Preview(world, observation, Schemas(schema_text))
        return await preview.of_files(await checkout.files(), beside=checkout)


@pytest_asyncio.fixture
async def desk(tmp_path: Path, sandboxd: Endpoint) -> AsyncIterator[Desk]:
    seed, origin, checkout = (tmp_path / name for name in ("seed", "origin.git", "checkout"))
    shutil.copytree(EXAMPLE, seed)
    git(seed, "init", "-q", "-b", "main")
    git(seed, "add", "-A")
    git(seed, "commit", "-q", "-m", "Begin")
    git(tmp_path, "clone", "-q", "--bare", str(seed), str(origin))
    git(tmp_path, "clone", "-q", str(origin), str(checkout))
    async with scene(tmp_path / tmp_path.name, origin, provider(sandboxd)) as opened:
        yield Desk(opened, checkout)


def first_step(plan: Plan) -> FrozenStep:
    (start,) = [each for each in plan.actions if isinstance(each, StartRun)]
    return start.frozen.steps[0]


async def test_a_commit_gives_whole_skills_and_files_of_scripts(desk: Desk) -> None:
    (skill,) = first_step(await desk.reconciler.require_plan()).skills
    assert [(each.path, each.executable) for each in skill.files] == [
        ("SKILL.md", False),
        ("scripts/since-last-release.sh", True),
        ("template.md", False),
    ]
    assert all(each.content == (EXAMPLE / SKILL / each.path).read_bytes() for each in skill.files)
    (tidy,) = [each for each in first_step(await desk.previewed()).scripts if each.name == "tidy"]
    assert tidy.run == (EXAMPLE / ".courier/scripts/tidy.py").read_text()


async def test_a_working_tree_gives_what_is_on_disk(desk: Desk) -> None:
    (desk.checkout / SKILL / "binary").write_bytes(b"\x00\xff")
    (desk.checkout / SKILL / "template.md").write_text("changed\n")
    (skill,) = first_step(await desk.previewed()).skills
    told = {each.path: each.content for each in skill.files}
    assert (told["binary"], told["template.md"]) == (b"\x00\xff", b"changed\n")
    (desk.checkout / SKILL / "away").symlink_to("/etc/passwd")
    plan = await desk.previewed()
    assert f"{SKILL}/away" in plan.held[0].message
    assert "symbolic link" in plan.held[0].message
    desk.commit()
    committed = (await desk.reconciler.require_plan()).held[0]
    assert committed.message == plan.held[0].message


async def test_a_pin_leads_to_what_was_written_then(desk: Desk) -> None:
    style = desk.checkout / ".courier/contexts/style.md"
    before, old = git(desk.checkout, "rev-parse", "HEAD"), style.read_text()
    style.write_text("Write long.\n")
    desk.commit()
    assert first_step(await desk.reconciler.require_plan()).contexts[0].content == "Write long."
    style.write_text(f'---\npin: "{before[:9]}"\n---\nWrite long.\n')
    (pinned,) = first_step(await desk.previewed()).contexts
    assert (pinned.content, pinned.version) == (old.strip("\n"), before)
    desk.commit()
    assert first_step(await desk.reconciler.require_plan()).contexts == (pinned,)
    style.write_text(f'---\npin: "{"0" * 40}"\n---\nWrite long.\n')
    held = (await desk.previewed()).held[0]
    assert "not in the history" in held.message
    assert ".courier/contexts/style.md:2:6" in held.message


@pytest.mark.slow
async def test_the_example_is_carried_out(desk: Desk) -> None:
    (desk.checkout / ".courier/runs/notes-for-2-0.yaml").write_text(PLAYED)
    desk.commit()
    await desk.reconciler.reconcile()
    await desk.scene.engine.wait("played")
    record = await desk.scene.record("played")
    assert (record["phase"], record["reason"]) == ("completed", "Completed"), record["message"]
    told = [[(ran["name"], ran["failed"]) for ran in step["scripts"]] for step in record["steps"]]
    assert told == [
        [("prepare", False), ("tree", False), ("tidy", False), ("spelling", True)],
        [("prepare", False)],
        [("prepare", False)],
    ]
    after = [(ran["name"], ran["failed"]) for ran in record["afterwards"]["scripts"]]
    assert after == [("prepare", False), ("last-look", False)]
    notes = git(desk.scene.origin, "show", "courier/played:CHANGELOG.md")
    assert notes == "Notes of teh release.\nTone: plain"
    kinds = {entry["kind"] for entry in record["inputs"]}
    assert {"Skill", "Command", "Script", "Context", "File"} <= kinds
    (number,) = [record["pullRequest"]["number"]]
    proposal = await desk.scene.forge.get(number)
    assert 'Script "spelling" (postStep) failed with exit code 1' in str(proposal)
