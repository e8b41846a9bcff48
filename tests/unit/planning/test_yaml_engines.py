"""Two engines, one contract: whatever is written, both say the same."""

from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from courier.planning.yaml.gate import chunks, decode
from courier.planning.yaml.plain import is_plain
from courier.planning.yaml.text import Engine, read_yaml

BROKEN = Path(__file__).parent / "broken"

KEYS = st.sampled_from((BROKEN.parent / "keys.txt").read_text().splitlines())
VALUES = st.sampled_from((BROKEN.parent / "values.txt").read_text().split("\n"))
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
    parts = chunks(text)
    assert len(parts) == 3
    assert all(is_plain(part.text) for part in parts)


def same(data: bytes) -> None:
    fast = read_yaml("f", data, engine=Engine.FAST)
    exact = read_yaml("f", data, engine=Engine.EXACT)
    assert fast.diagnostics == exact.diagnostics
    assert repr(fast.documents) == repr(exact.documents)
