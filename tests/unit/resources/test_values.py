"""Durations, money, days and the built-in values."""

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courier.resources.defaults import BUILT_IN
from courier.resources.durations import UNITS, duration_pattern, number_pattern, to_seconds
from courier.resources.fields import FieldHelp, describe_field
from courier.resources.kinds import read_resource
from courier.resources.rates import CostRates
from tests.unit.resources.reference_documents import SCHEMAS, committed, example


@given(st.integers(1, 20_000), st.integers(0, 20_000), st.integers(0, 45_000))
def test_number_pattern_is_exact(low: int, more: int, number: int) -> None:
    matches = re.fullmatch(number_pattern(low, low + more), str(number)) is not None
    assert matches == (low <= number <= low + more)


@given(st.integers(0, 20_000), st.sampled_from(list(UNITS)))
def test_duration_pattern_is_exact(number: int, unit: str) -> None:
    text = f"{number}{unit}"
    matches = re.search(duration_pattern("1m", "4h"), text) is not None
    assert matches == (60 <= to_seconds(text) <= 4 * 3600)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("4h", 14_400), ("2d", 172_800)]
)
def test_durations_are_seconds(text: str, seconds: int) -> None:
    assert to_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "15", "1.5h", "-1m", "1 h", "15M", "²s", "1h30m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        to_seconds(text)


@pytest.mark.parametrize(
    ("written", "meant"), [(3, "3"), (0.1, "0.1"), (0.000028, "0.000028"), (600.50, "600.5")]
)
def test_money_is_what_was_written(written: float, meant: str) -> None:
    document = example("CostRates")
    document["spec"]["rates"][0]["usd"] = written
    rates = read_resource(document)
    assert isinstance(rates, CostRates)
    assert rates.spec.rates[0].usd == Decimal(meant)
    assert rates.spec.rates[0].effective_from == date(2026, 1, 1)


def test_built_in_values_are_values_of_their_fields() -> None:
    kept = {path.name: committed(path.name) for path in SCHEMAS.glob("*.json")}
    for path, built_in in BUILT_IN.items():
        fields = [describe_field(f"{kind}.spec.{path}", kept) for kind in ("project", "workflow")]
        known = [field for field in fields if isinstance(field, FieldHelp)]
        assert known, path
        assert built_in.meaning
        if known[0].type.startswith("one of "):
            assert built_in.value is None or str(built_in.value) in known[0].type


def test_fields_with_a_built_in_value_are_unset_until_written() -> None:
    kept = {path.name: committed(path.name) for path in SCHEMAS.glob("*.json")}
    for path in BUILT_IN:
        for kind in ("project", "workflow", "run"):
            field = describe_field(f"{kind}.spec.{path}", kept)
            assert not isinstance(field, FieldHelp) or field.default is None, (kind, path)


def test_built_in_values_are_accepted_where_they_can_be_written() -> None:
    document = example("Project")
    sandbox = {
        path.removeprefix("sandbox."): list(built.value)
        if isinstance(built.value, tuple)
        else built.value
        for path, built in BUILT_IN.items()
        if path.startswith("sandbox.") and built.value is not None
    }
    document["spec"]["sandbox"] = sandbox
    assert read_resource(document)
