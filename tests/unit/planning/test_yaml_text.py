"""The YAML dialect: what each word means, and what is refused where."""

import pytest

from courier.planning.yaml.events import places_in
from courier.planning.yaml.gate import chunks
from courier.planning.yaml.text import Engine, read_yaml

ENGINES = list(Engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("text", "text"),
        ("two words", "two words"),
        ('"1"', "1"),
        ("'it''s'", "it's"),
        (r'"a\tb\u263a"', "a\tb☺"),
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("nUll", "nUll"),
        ("true", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("1", 1),
        ("-17", -17),
        ("+5", 5),
        ("0755", 755),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("0X1F", "0X1F"),
        ("1_000", "1_000"),
        ("_1", "_1"),
        ("1,000", "1,000"),
        ("22:22", "22:22"),
        ("12:30:45", "12:30:45"),
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("1.5", 1.5),
        ("1.10", 1.1),
        ("1.2.3", "1.2.3"),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1.5_0", "1.5_0"),
        ("15m", "15m"),
        ("100%", "100%"),
        ("=", "="),
        ("a & b ! c * d", "a & b ! c * d"),
        ("http://a:1/b#c", "http://a:1/b#c"),
        ("text # comment", "text"),
        ("text#part", "text#part"),
        ("[a, 1, true]", ["a", 1, True]),
        ("{a: 1, b: [c]}", {"a": 1, "b": ["c"]}),
        ("|\n  a\n   b\n\n  c\n", "a\n b\n\nc\n"),
        ("|-\n  a\n", "a"),
        (">\n  a\n  b\n\n  c\n", "a b\nc\n"),
        ("a\n  b", "a b"),
    ],
)
def test_words_mean_what_yaml_1_2_says(written: str, meant: object, engine: Engine) -> None:
    read = read_yaml("f.yaml", f"key: {written}\n".encode(), engine=engine)
    assert read.diagnostics == ()
    (document,) = read.documents
    assert document.value == {"key": meant}
    assert repr(document.value) == repr({"key": meant})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("# nothing\n", []),
        ("---\n---\n", []),
        ("a: 1", [{"a": 1}]),
        ("---\na: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\n...\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("--- # first\na: 1\n--- {b: 2}\n", [{"a": 1}, {"b": 2}]),
        ("--- [a]\n--- b\n", [["a"], "b"]),
        ("- a\n- b\n", [["a", "b"]]),
        ("\ufeffa: 1\n", [{"a": 1}]),
        ("a: 1\r\nb: |\r\n  x\r\n  y\r\n", [{"a": 1, "b": "x\ny\n"}]),
        ("a: |\n  ---\n  b\n", [{"a": "---\nb\n"}]),
    ],
)
def test_a_file_holds_documents(text: str, values: list[object], engine: Engine) -> None:
    read = read_yaml("f.yaml", text.encode(), engine=engine)
    assert read.diagnostics == ()
    assert [document.value for document in read.documents] == values


def test_a_broken_document_does_not_hide_the_others() -> None:
    read = read_yaml("f.yaml", b"a: 1\n---\nb: [\n---\nc: 3\n---\nd: 1\nd: 2\n")
    assert [document.value for document in read.documents] == [{"a": 1}, {"c": 3}]
    assert [(found.code, str(found.position)) for found in read.diagnostics] == [
        ("NotYaml", "f.yaml:3:4"),
        ("DuplicateKey", "f.yaml:8:1"),
    ]


def test_places_of_keys_and_values() -> None:
    _, second = chunks("a: 1\n---\nsteps:\n  - name: x\n    run: |\n      y\nempty:\n")
    places = places_in(second)
    assert places[("steps",)].key == (3, 1)
    assert places[("steps", 0)].value == (4, 5)
    assert places[("steps", 0, "run")].key == (5, 5)
    assert places[("steps", 0, "run")].value == (5, 10)
    assert places[("empty",)].empty


def test_columns_count_characters() -> None:
    (found,) = read_yaml("f.yaml", 'é: "ü", x\n'.encode()).diagnostics
    assert (found.position and found.position.column) == 7
