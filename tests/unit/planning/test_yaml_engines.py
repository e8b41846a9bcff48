"""Two engines, one contract: whatever is written, both say the same."""

from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from courier.planning.yaml_gate import chunks, decode
from courier.planning.yaml_plain import is_plain
from courier.planning.yaml_text import Engine, read_yaml

BROKEN = Path(__file__).parent / "broken"

KEYS = st.sampled_from(
    [
        "a",
        "b",
        "name",
        "x.y",
        "$k",
        "/p",
        "a-b",
        "k8s",
        "yes",
        "on",
        "true",
        "null",
        "1",
        "'q'",
        '"q"',
        '"q k"',
    ]
)
VALUES = st.sampled_from(
    [
        "|",
        "|-",
        ">",
        "|+",
        ">-",
        "|2",
        "v",
        "5",
        "-5",
        "0755",
        "1.5",
        "15m",
        "1h",
        "22:22",
        "12:30:45",
        "2024-01-02",
        "1_000",
        "0x1F",
        "1e3",
        "1e400",
        ".5",
        "-",
        "./a",
        "../b",
        ".inf",
        "~",
        "~/x",
        "null",
        "true",
        "yes",
        "[]",
        "{}",
        "{a}",
        "&x",
        "*x",
        "!t",
        "%v",
        "@v",
        "v:",
        "(x)",
        "<x>",
        "$x",
        "_x",
        "_1",
        "1st",
        "é",
        "-x",
        "?x",
        ":x",
        "a,b",
        "{{x}}",
        "100%",
        "+5",
        "5.",
        "1:2",
        "10:20",
        "a:",
        "a#c",
        "#c",
        "'",
        '"',
        "'un",
        '"un',
        "[a,b]",
        "[a,,b]",
        "[a",
        "{a:1}",
        "",
        "two words",
        "x: y",
        "a #c",
        '"q"',
        "'it''s'",
        '"a\\nb"',
        '"a\\qb"',
        "[a, b]",
        '[a, "b", 1]',
        "[1, 2.5, -3]",
        "[a b, c]",
        "[a,]",
        "{a: 1}",
        "{a: b, \"c\": 'd'}",
        "| # c",
        "&x v",
        "!t v",
        "a | b",
        "x ' y",
        "'a' b",
        '"a" #c',
        '"a"#c',
        "[a] #c",
        "[a] b",
        "5 #c",
        "1 2",
        "x\t",
        "v  ",
        "9" * 17,
        "9" * 18,
        "9" * 40,
    ]
)
PROSE = st.sampled_from(
    ["text", "- item", "* bold", "# head", "key: v", "   deep", "\ttab", "&x", "[", "'", "x:", ""]
)
INDENT = st.sampled_from([0, 0, 2, 2, 4, 1, 3])


@st.composite
def lines(draw: st.DrawFn) -> str:
    indent = " " * draw(INDENT)
    lead = draw(st.sampled_from(["", "", "", "- ", "- ", "? ", "- - "]))
    pair = f"{draw(KEYS)}:{draw(st.sampled_from([' ', ' ', ' ', '', '  ']))}"
    line = f"{indent}{lead}{draw(st.sampled_from([pair, pair, pair, '']))}{draw(VALUES)}"
    more = draw(st.lists(PROSE, max_size=3)) if line[-1:] in "|>-+" else []
    deeper = indent + " " * draw(st.sampled_from([1, 2, 2, 4, 0]))
    return "\n".join([line, *(f"{deeper}{word}" for word in more)])


MARKERS = st.sampled_from(["---", "...", "--- # c", "# c", "", "--- a", "%YAML 1.2"])
TEXTS = st.lists(st.one_of(lines(), lines(), lines(), MARKERS), max_size=6).map("\n".join)


@settings(max_examples=600, deadline=None)
@given(TEXTS)
@example("- - - a")
@example("a: |\n  x")
@example("a: ")
def test_engines_agree(text: str) -> None:
    same(text.encode())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
def test_engines_agree_on_anything(data: bytes) -> None:
    same(data)


def test_engines_agree_on_the_broken_documents() -> None:
    files = [path for path in BROKEN.rglob("*") if path.suffix in {".yaml", ".md"}]
    assert len(files) > 60
    for path in files:
        same(path.read_bytes())


def test_everyday_documents_are_plain() -> None:
    text = decode("f", (Path(__file__).parent / "everyday.yaml").read_bytes())
    assert isinstance(text, str)
    parts = list(chunks(text))
    assert len(parts) == 3
    assert all(is_plain(part.text) for part in parts)


def same(data: bytes) -> None:
    fast = read_yaml("f", data, engine=Engine.FAST)
    exact = read_yaml("f", data, engine=Engine.EXACT)
    assert fast.diagnostics == exact.diagnostics
    assert repr(fast.documents) == repr(exact.documents)
