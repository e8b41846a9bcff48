"""What a refused document says is checked in the same pass, and nobody else is blamed for it."""

import pytest

from courier.planning.catalog.catalog import Reading
from tests.unit.planning.catalogs import document, reading

PROJECT = document("Project", "shop")
FIX = document(
    "Workflow",
    "fix",
    """
    type: pipeline
    steps:
      - name: design
        type: designer
      - name: check
        persona: strict
        context: [style]
    """,
)
STRICT = document("Persona", "strict", "type: checker\ninstructions: Be strict.")
STYLE = document("Context", "style", "content: Short.")
RUN = document("Run", "a", "workflow: fix\nprompt: x\noverrides:\n  design:\n    effort: high")
WORLD: dict[str, str | bytes] = {
    "project.yaml": PROJECT,
    "workflows/fix.yaml": FIX,
    "personas/strict.yaml": STRICT,
    "contexts/style.yaml": STYLE,
    "runs/a.yaml": RUN,
}


def found(files: dict[str, str | bytes]) -> list[str]:
    return said(reading(WORLD | files))


def said(read: Reading) -> list[str]:
    return [
        f"{each.code} {each.position.file.removeprefix('.courier/')}"
        f":{each.position.line}:{each.position.column}"
        for each in read.diagnostics
        if each.position
    ]


def test_the_world_is_good() -> None:
    assert found({}) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("workflow: fix", "workflow: fxi\n  foo: 1", ["UnknownReference:6:13", "UnknownField:7:3"]),
        ("workflow: fix", "workflow: 7", ["WrongType:6:13"]),
        ("workflow: fix", "workflow: Not a name", ["BadName:6:13"]),
        ("workflow: fix", "workflow: [fix, fxi]", ["WrongType:6:13"]),
        ("workflow: fix", "workfolw: fxi", ["MissingField:5:1", "UnknownField:6:3"]),
        ("  design:", "  desing:\n      foo: 1", ["UnknownField:10:7", "UnknownStep:10:7"]),
        ("  design:", "  Desing it:", ["BadName:9:5"]),
        (
            "  design:",
            "  Desing it:\n      sandbox: {template: nowhere}",
            ["BadName:9:5", "UnknownReference:10:27"],
        ),
        (
            "\n  overrides:\n    design:\n      effort: high",
            "\n  overrides: [desing]",
            ["WrongType:8:14"],
        ),
        (
            "name: a",
            "name: a\n  project: blog\n  labels: 1",
            ["UnknownReference:5:12", "WrongType:6:11"],
        ),
        (
            "prompt: x",
            "prompt: x\n  agent: claud\n  base: 1",
            ["UnknownReference:8:10", "WrongType:9:9"],
        ),
        ("spec:", "spce:", ["MissingField:1:1", "UnknownField:5:1"]),
    ],
)
def test_a_run_with_several_mistakes(old: str, new: str, expected: list[str]) -> None:
    assert old in RUN
    told = found({"runs/a.yaml": RUN.replace(old, new)})
    assert told == [each.replace(":", " runs/a.yaml:", 1) for each in expected]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "persona: strict",
            "persona: strcit\n      foo: 1",
            ["UnknownReference:11:16", "UnknownField:12:7"],
        ),
        ("context: [style]", "context: [stlye, 1]", ["UnknownReference:12:17", "WrongType:12:24"]),
        ("context: [style]", "context: stlye", ["WrongType:12:16"]),
        (
            "type: designer\n",
            "type: desinger\n      agent: claud\n",
            ["NotAllowedValue:9:13", "UnknownReference:10:14"],
        ),
        (
            "persona: strict",
            "persona: strict\n      lopo: 1\n      loop: {backTo: desing}",
            ["UnknownField:12:7", "UnknownStep:13:22"],
        ),
        (
            "name: design",
            "name: De sign\n      context: [stlye]",
            ["BadName:8:13", "UnknownReference:9:17"],
        ),
        (
            "name: check",
            "name: design\n      agent: claud",
            ["NameTwice:10:13", "UnknownReference:11:14"],
        ),
    ],
)
def test_a_workflow_with_several_mistakes(old: str, new: str, expected: list[str]) -> None:
    assert old in FIX
    told = found(
        {"workflows/fix.yaml": FIX.replace(old, new), "runs/a.yaml": RUN.split("  over")[0]}
    )
    assert told == [each.replace(":", " workflows/fix.yaml:", 1) for each in expected]


def test_a_refused_document_without_project_or_with_a_taken_name() -> None:
    broken = RUN.replace("prompt: x", "prompt: 1")
    assert found({"runs/b.yaml": broken}) == [
        "DuplicateName runs/b.yaml:4:9",
        "WrongType runs/b.yaml:7:11",
    ]
    without = {path: text for path, text in WORLD.items() if path != "project.yaml"}
    assert said(reading(without | {"runs/a.yaml": broken})) == [
        "ProjectMissing runs/a.yaml:4:3",
        "WrongType runs/a.yaml:7:11",
    ]
    unsure = broken.replace("name: a", "name: a\n  porject: shop")
    assert said(reading(without | {"runs/a.yaml": unsure})) == [
        "UnknownField runs/a.yaml:5:3",
        "WrongType runs/a.yaml:8:11",
    ]


@pytest.mark.parametrize(
    "broken",
    [
        FIX.replace("type: pipeline", "type: pipline"),
        FIX.replace("name: fix", "name: fix\n  foo: 1"),
        FIX.replace("name: fix", "name: fix\n  name: fix"),
        FIX.replace("name: fix", "nmae: fix"),
        FIX.replace("  name: fix\n", "  {}\n"),
        FIX.replace("metadata:\n  name: fix", "name: fix"),
        FIX.replace("kind: Workflow", "kind: Workflwo"),
        FIX.replace("kind: Workflow\n", ""),
        FIX.replace("kind: Workflow", "Kind: Workflow"),
        FIX.replace("kind: Workflow", "kind: [Workflow"),
        FIX.replace("name: fix", 'name: "fix'),
        FIX.replace("  type: pipeline", "\ttype: pipeline"),
        FIX.replace("type: pipeline", "type: &a pipeline"),
        FIX + "# \x01\n",
        "[1, 2]\n",
        "kind: [\n",
        b"\xff\xfe" + FIX.encode("utf-16-le"),
        FIX.encode() + b"# \xff\n",
        FIX.encode() + b"# " + b"x" * (1 << 20),
        f"{STYLE.replace('style', 'other')}---\n{FIX.replace('type: pipeline', 'type: [')}",
        "---\n1: 2\n" * 501 + "---\n" + FIX,
    ],
)
def test_who_names_a_document_that_cannot_be_read_is_not_blamed(broken: str | bytes) -> None:
    told = found({"workflows/fix.yaml": broken})
    assert told
    assert {each.split(":")[0].split()[1] for each in told} == {"workflows/fix.yaml"}
    assert not {each.split()[0] for each in told} & {"UnknownReference", "UnknownStep"}


@pytest.mark.parametrize(
    "broken",
    [
        "---\ntype: chekcer\n---\nBe strict.\n",
        "---\ntype: [\n---\nBe strict.\n",
        "---\ntype: checker\nBe strict.\n",
        "---\n- type\n---\nBe strict.\n",
        "---\ntype: checker\ninstructions: x\n---\nBe strict.\n",
    ],
)
def test_nor_who_names_a_markdown_file(broken: str) -> None:
    rest = {path: text for path, text in WORLD.items() if "strict" not in path}
    told = said(reading(rest | {"personas/strict.md": broken}))
    assert [each.split(":")[0].split()[1] for each in told] == ["personas/strict.md"]


@pytest.mark.parametrize(
    "broken",
    ["kind: Project\nmetadata: {name: shop\n", "kind: Porject\nmetadata: {name: shop}\n", "a: [\n"],
)
def test_nor_who_needs_the_project_that_cannot_be_read(broken: str) -> None:
    told = found({"project.yaml": broken})
    assert [each.split(":")[0].split()[1] for each in told] == ["project.yaml"]


def test_one_that_cannot_be_read_hides_no_other_name() -> None:
    broken = FIX.replace("type: pipeline", "type: [")
    told = found(
        {
            "workflows/fix.yaml": broken,
            "runs/b.yaml": RUN.replace("a\n", "b\n", 1).replace("fix", "fly"),
        }
    )
    assert "UnknownReference runs/b.yaml:6:13" in told


def test_all_in_one_file() -> None:
    """A reference in each of two refused documents, found at its own place."""
    first = RUN.replace("name: a", "name: b").replace("fix", "fxi").replace("prompt: x", "promt: x")
    second = first.replace("name: b", "name: c")
    assert found({"runs/b.yaml": f"{first}---\n{second}"}) == [
        "MissingField runs/b.yaml:5:1",
        "UnknownReference runs/b.yaml:6:13",
        "UnknownField runs/b.yaml:7:3",
        "MissingField runs/b.yaml:16:1",
        "UnknownReference runs/b.yaml:17:13",
        "UnknownField runs/b.yaml:18:3",
    ]
