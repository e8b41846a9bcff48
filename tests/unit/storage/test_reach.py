"""A change judged by itself gives what judging everything anew gives, whatever was edited."""

import os
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from courier.storage.census import Census, Memory, take
from courier.storage.judging import Judged, judge
from courier.storage.reach import judge_change
from tests.unit.planning.catalogs import document

PATHS = (
    *("a.yaml", "b.yaml", "c/d.yaml", "contexts/style.md", "personas/lax.md", "personas/strict.md"),
    *(f"runs/{number}.yaml" for number in range(5)),
    *(f"workflows/{name}.yaml" for name in ("fix", "fly", "flow")),
    *("project.yaml", "blog.yaml", "plans/p.yaml", "notes.txt"),
)
NAMES = {
    "Workflow": ("fix", "fly", "flow"),
    "Persona": ("strict", "lax"),
    "Context": ("style", "tone"),
    "Agent": ("ours", "codex"),
    "Command": ("ask",),
    "SprintPlan": ("plan",),
    "Run": ("a", "b", "c"),
}


class World:
    """Files on disk, made at random and edited at random."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        # Chains of runs are judged all together, which leaves little to compare.
        self.chained = seed % 3 == 0
        self.root = folder
        self.files: dict[str, bytes] = {}
        self.write("project.yaml", document("Project", "shop").encode())
        for path in PATHS[:-2]:
            self.write(path, self.content(path))

    def write(self, path: str, data: bytes | None) -> None:
        file = self.root / ".courier" / path
        if data is None:
            self.files.pop(path, None)
            file.unlink(missing_ok=True)
            return
        self.files[path] = data
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def edit(self) -> set[str]:
        """Change one file, or move one; return the paths concerned."""
        path = self.chance.choice(PATHS)
        match self.chance.randrange(10):
            case 0:
                self.write(path, None)
            case 1 if path in self.files:
                other = self.chance.choice(PATHS)
                data = self.files[path]
                self.write(path, None)
                self.write(other, data)
                return {path, other}
            case 2 if path in self.files:
                self.write(path, self.spoilt(self.files[path]))
            case _:
                self.write(path, self.content(path))
        return {path}

    def content(self, path: str) -> bytes:
        if path.endswith(".md"):
            front = f"---\ntype: checker\nenabled: {self.chance.choice(['true', 'false'])}\n---\n"
            return f"{'' if path.startswith('contexts') else front}Write well.\n".encode()
        if path in ("project.yaml", "blog.yaml"):
            project = document("Project", path.removesuffix(".yaml"))
            other = document("Context", "other", "content: x")
            return self.chance.choice([project, other, "kind: [\n"]).encode()
        several = "---\n".join(self.document() for _ in range(self.chance.choice([1, 1, 1, 2])))
        return self.spoilt(several.encode()) if self.chance.random() < 0.2 else several.encode()

    def document(self) -> str:
        kind = self.chance.choice([*NAMES, "Run", "Workflow", "Command", "SprintChain"])
        name = self.name(kind) if kind in NAMES else "chain"
        return document(kind, name, getattr(self, kind.lower())())

    def name(self, kind: str) -> str:
        return self.chance.choice((*NAMES[kind], "nobody" if self.chance.random() < 0.2 else "fix"))

    def workflow(self) -> str:
        steps = "".join(
            f"\n  - name: {name}\n    {who}\n    context: [{self.name('Context')}]"
            for name in self.chance.sample(["design", "check", "look"], 2)
            for who in [
                self.chance.choice(
                    [
                        "type: designer",
                        "type: checker",
                        *(f"persona: {self.name('Persona')}" for _ in range(3)),
                        f"type: designer\n    agent: {self.name('Agent')}\n    effort: high",
                        "type: designer\n    agent: codex\n    commands: [ask]",
                        "type: designer\n    loop: {maxIterations: 2, backTo: design}",
                    ]
                )
            ]
        )
        type_ = self.chance.choice(["pipeline", "designerChecker"])
        agent = self.chance.choice(["", f"\nagent: {self.name('Agent')}\nbudget: 2"])
        return f"type: {type_}{agent}\nsteps:{steps}"

    def persona(self) -> str:
        type_ = self.chance.choice(["checker", "designer", "planner"])
        return f"type: {type_}\ninstructions: x\nenabled: {self.chance.choice(['true', 'false'])}"

    def context(self) -> str:
        return "content: x"

    def agent(self) -> str:
        effort = self.chance.choice(["", ', "{effort}"', ', "{effort}", "{commandsFolder}"'])
        usage = self.chance.choice(["", "\nusage: {costUsd: usd}"])
        return f"start: [ours{effort}]\nprompt: stdin{usage}"

    def command(self) -> str:
        return self.chance.choice(["run: lint", "prompt: Ask.", "prompt: Ask.\nenabled: false"])

    def run(self) -> str:
        step = self.chance.choice(["design", "check", "nowhere"])
        more = self.chance.choice(["", f"\noverrides:\n  {step}:\n    effort: high"])
        more += self.chance.choice(["", "\nagent: ours"])
        if self.chained and self.chance.random() < 0.4:
            more += f"\ndependsOn: [{self.name('Run')}]"
        return f"workflow: {self.name('Workflow')}\nprompt: x{more}"

    def sprintplan(self) -> str:
        names = self.chance.sample(["one", "two", "three"], 2)
        return "goal: x\nsprints:" + "".join(
            f"\n  - {{name: {name}, title: x, prompt: x, workflow: {self.name('Workflow')}}}"
            for name in names
        )

    def sprintchain(self) -> str:
        sprint = self.chance.choice(["one", "two", "four"])
        return f"plan: plan\nworkflow: {self.name('Workflow')}\nresumeFrom: {sprint}"

    def spoilt(self, data: bytes) -> bytes:
        return self.chance.choice(
            [
                data.replace(b"\nspec:", b"\nspec:\n  foo: 1", 1),
                data.replace(b"kind: ", b"kind: X", 1),
                data.replace(b"kind: ", b"kidn: ", 1),
                data.replace(b"name: ", b"nmae: ", 1),
                data.replace(b"metadata:", b"metadata:\n  foo: 1", 1),
                data + b"\tx: [\n",
                data + b"\x01",
                data.replace(b"name: ", b"name: x\n  name: ", 1),
                data.replace(b": ", b": [", 1),
            ]
        )

    def judged(self) -> Judged:
        return judge(str(self.root), dict.fromkeys(self.files, ""), Memory(None))

    def changed(self, census: Census, paths: set[str]) -> Judged | None:
        changes: Mapping[str, str | None] = {
            path: "" if path in self.files else None for path in paths
        }
        return judge_change(str(self.root), census, changes, most_new=20)


def told(judged: Judged) -> tuple[object, ...]:
    return judged.diagnostics, judged.counts


@pytest.mark.parametrize("seed", range(12))
def test_every_edit_is_judged_as_if_all_were_new(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    taken, alone = world.judged(), 0
    census = take("", (), taken, Memory(None))
    paths: set[str] = set()
    for _ in range(40):
        paths |= world.edit()
        found, expected = world.changed(census, paths), world.judged()
        if found is not None:
            alone += 1
            assert told(found) == told(expected)
        if world.chance.random() < 0.3:
            census, paths = take("", (), expected, Memory(census)), set()
    assert alone > 4 or world.chained


def test_such_files_break_every_rule_across_documents(tmp_path: Path) -> None:
    """The test above is worth as much as the problems its edits make and mend."""
    worlds = [World(tmp_path / str(seed), seed) for seed in range(25)]
    seen = {each[1] for world in worlds for each in world.judged().diagnostics}
    assert seen >= {
        *("UnknownReference", "DuplicateName", "UnknownStep", "UnknownSprint", "ProjectMissing"),
        *("WrongRoles", "NothingKept", "NobodyEnabled", "LoopOnWork", "UnknownField", "NotYaml"),
        *("DuplicateKey", "UnknownKind", "MissingField", "ControlCharacter", "AgentLacksFeature"),
        "CircularDependency",
    }


def test_a_census_knows_files_of_before(tmp_path: Path) -> None:
    world = World(tmp_path, 1)
    first = world.judged()
    census = take("", (), first, Memory(None))
    world.write("contexts/style.md", b"Other.\n")
    second = take("", (), world.judged(), Memory(census))
    for path, (blob, entry) in first.entries.items():
        assert Memory(second).get(path, blob) == entry
    assert Memory(second).get("contexts/style.md", "no such blob") is None
    assert Memory(second).get("nowhere.yaml", "") is None


def test_what_an_agent_loses_or_gains_is_told_of_whoever_asks_it(tmp_path: Path) -> None:
    """Of thirty files those are told of, and looked at, that ask the one that changed."""
    world = World(tmp_path, 5)
    for path in tuple(world.files):
        world.write(path, None)
    world.write("project.yaml", document("Project", "shop").encode())
    for number in range(30):
        asked = "ours" if number < 3 else "theirs"
        spec = f"type: checker\ninstructions: x\nagent: {asked}\neffort: high"
        world.write(f"{number:02}.yaml", document("Persona", f"p{number}", spec).encode())
    able, poor = ('start: [ours, "{effort}"]', "start: [ours]")
    for name in ("ours", "theirs"):
        world.write(f"{name}.yaml", document("Agent", name, able).encode())
    rich = take("", (), world.judged(), Memory(None))
    world.write("ours.yaml", document("Agent", "ours", poor).encode())
    lost = world.changed(rich, {"ours.yaml"})
    assert lost is not None
    assert [(each[1], *each[4:]) for each in lost.diagnostics] == [
        ("AgentLacksFeature", f".courier/0{number}.yaml", 9, 11) for number in range(3)
    ]
    assert sorted(lost.trusted) == [f"0{number}.yaml" for number in range(3)]
    assert told(lost) == told(world.judged())
    census = take("", (), world.judged(), Memory(None))
    world.write("ours.yaml", document("Agent", "ours", able).encode())
    gained = world.changed(census, {"ours.yaml"})
    assert gained is not None
    assert gained.diagnostics == ()


def test_what_becomes_a_slash_command_is_told_of(tmp_path: Path) -> None:
    world = World(tmp_path, 5)
    for path in tuple(world.files):
        world.write(path, None)
    world.write("project.yaml", document("Project", "shop").encode())
    world.write("w.yaml", document("Workflow", "fix", "agent: codex\ncommands: [ask]").encode())
    for spec, count in (("prompt: Ask.", 1), ("run: ask", 0), ("prompt: Ask.", 1)):
        census = take("", (), world.judged(), Memory(None))
        world.write("ask.yaml", document("Command", "ask", spec).encode())
        found = world.changed(census, {"ask.yaml"})
        assert found is not None
        assert [each[1] for each in found.diagnostics] == ["AgentLacksFeature"] * count


def test_only_what_is_reached_is_opened(tmp_path: Path) -> None:
    """Files that changed on disk unnoticed prove that nobody looks at them."""
    world = World(tmp_path, 3)
    for number in range(30):
        world.write(f"contexts/{number}.md", b"Write well.\n")
    census = take("", (), world.judged(), Memory(None))
    for path in ("contexts/1.md", "contexts/2.md"):
        os.truncate(world.root / ".courier" / path, 0)
    world.write("contexts/3.md", b"Write better.\n")
    found = world.changed(census, {"contexts/3.md"})
    assert found is not None
    assert found.counts["Context"] == census.counts["Context"]
