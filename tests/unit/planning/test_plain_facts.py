"""The short way to the facts of a file says what the long way says, or leaves the file to it."""

import random
from pathlib import Path

import pytest

from courier.planning.documents.facts import FileFacts, facts_of
from courier.planning.documents.manifest import Manifest, Schemas, read_manifest
from courier.planning.documents.plain_facts import plain_facts
from courier.shipped import schema_text, shipped
from tests.bench.corpus import write_corpus

SCHEMAS = Schemas(schema_text)
BROKEN = Path(__file__).parent / "broken"
GOOD = "apiVersion: courier/v1\nkind: Context\nmetadata: {name: a}\nspec: {content: b}\n"


def long_way(path: str, data: bytes) -> tuple[FileFacts, Manifest]:
    manifest = read_manifest(f".courier/{path}", data, schemas=SCHEMAS)
    return facts_of(manifest, SCHEMAS), manifest


def agreed(path: str, data: bytes) -> bool:
    """Return whether the short way was taken; hold it against the long way."""
    facts, manifest = long_way(path, data)
    short = plain_facts(path, data, SCHEMAS)
    if short is not None:
        assert short == facts
        assert manifest.diagnostics == ()
    return short is not None


def test_busy_projects_take_it(tmp_path: Path) -> None:
    paths = write_corpus(tmp_path, 60)
    assert all(agreed("a.yaml", path.read_bytes()) for path in paths)


def test_broken_files_never_take_it() -> None:
    files = [path for path in BROKEN.rglob("*") if path.is_file() and path.suffix != ".txt"]
    assert len(files) > 100
    for path in files:
        if long_way(inside := str(path.relative_to(BROKEN)), path.read_bytes())[1].diagnostics:
            assert not agreed(inside, path.read_bytes())


def test_examples_agree() -> None:
    examples = [path for path in Path(shipped("examples")).rglob("*") if path.is_file()]
    folders = ("contexts", "personas")
    taken = [
        agreed(str(path).rpartition("/.courier/")[2], path.read_bytes())
        for path in examples
        if path.suffix in (".yaml", ".md") or path.parent.name in folders
    ]
    assert any(taken)


def test_damaged_files_agree(tmp_path: Path) -> None:
    chance = random.Random(7)
    texts = [path.read_bytes() for path in write_corpus(tmp_path, 24)]
    taken = 0
    for _ in range(300):
        text = bytearray(chance.choice(texts))
        for _ in range(chance.randrange(1, 3)):
            at = chance.randrange(len(text))
            text[at : at + chance.randrange(3)] = chance.choice(
                [b"", b"\n", b" ", b"-", b":", b"shell", b"\n---\n", b"#", b'"', b"0"]
            )
        taken += agreed("a.yaml", bytes(text))
    assert 0 < taken < 300


@pytest.mark.parametrize(
    ("path", "text", "is_taken"),
    [
        ("a.yaml", GOOD, True),
        ("a.yaml", GOOD[:-1], True),
        ("a.yaml", GOOD.replace("\n", "\r\n"), True),
        ("contexts/a.md", "text", False),
        ("a.yaml", "", False),
        ("a.yaml", "# nothing\n", False),
        ("a.yaml", f"---\n{GOOD}", False),
        ("a.yaml", f"{GOOD}---\n{GOOD}", False),
        ("a.yaml", f"{GOOD}...\n", False),
        ("a.yaml", GOOD.replace("{content: b}", "{content: b, sessions: [x]}"), False),
        ("a.yaml", GOOD.replace("content: b", '"content": &a b'), False),
        ("a.yaml", GOOD + "\x00", False),
    ],
)
def test_when_it_is_taken(path: str, text: str, *, is_taken: bool) -> None:
    assert agreed(path, text.encode()) is is_taken


@pytest.mark.parametrize("agent", ["shell", '"shell"', "'shell'", ">-\n    shell"])
def test_an_agent_that_lacks_something_does_not_take_it(agent: str) -> None:
    text = (
        "apiVersion: courier/v1\nkind: Persona\nmetadata: {name: a}\nspec:\n"
        f"  type: checker\n  instructions: x\n  effort: high\n  agent: {agent}\n"
    )
    found = long_way("a.yaml", text.encode())[1].diagnostics
    assert [each.code for each in found] == ["AgentLacksFeature"]
    assert not agreed("a.yaml", text.encode())
    assert not agreed("a.yaml", text.replace("  agent:", '  "agent":').encode())


@pytest.mark.parametrize(
    "agent",
    [
        "agent: shell",
        'agent: "shell"',
        "agent:   'shell'   # ours",
        '"agent": shell',
        'agent:\n    "shell"',
        "agent: # ours\n    'shell'",
        "agent: >-\n    shell",
    ],
)
def test_an_agent_that_lacks_something_is_seen_however_it_is_written(agent: str) -> None:
    text = (
        "apiVersion: courier/v1\nkind: Persona\nmetadata: {name: strict}\n"
        f"spec:\n  type: checker\n  model: opus\n  instructions: Look.\n  {agent}\n"
    )
    _, manifest = long_way("a.yaml", text.encode())
    assert [found.code for found in manifest.diagnostics] == ["AgentLacksFeature"]
    assert not agreed("a.yaml", text.encode())
