"""What is shown as YAML reads back as the same values."""

import yaml
from hypothesis import given
from hypothesis import strategies as some

from courier.planning.yaml.blocks import to_yaml

TEXT = some.text(max_size=60) | some.sampled_from(
    [
        "no",
        "on",
        "null",
        "1.0",
        "2026-01-02",
        "a: b",
        "a #b",
        "- x",
        "line\nline\n",
        " x\ny",
        "~",
        "",
    ]
)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | TEXT,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_reads_back_the_same(value: object) -> None:
    assert yaml.safe_load(to_yaml(value)) == value


def test_prompts_are_blocks() -> None:
    shown = to_yaml({"prompt": "First line\n\nIt's: two\n", "timeout": "15m", "on": "yes"})
    assert shown == ('prompt: |\n  First line\n\n  It\'s: two\ntimeout: 15m\n"on": "yes"\n')
